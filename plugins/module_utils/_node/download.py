# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads: what is fetched is verified before anything is done with it.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
from collections.abc import Callable
from typing import IO

from .._reconcile import ResourceError

ATTEMPTS = 5
_PIECE = 1 << 20
_STALLED = 30.0
"""Seconds without a byte after which a connection counts as dead."""

_GOOD_LATER = (408, 425, 429)


def download(url: str, sha256: str, into: IO[bytes], *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Writes what is at the URL into the file, if it has the digest.

    Failures of the network and of the server are tried again after 0.5, 1, 2 and 4 seconds.
    Raises ResourceError, after which the file is to be thrown away.
    """
    for attempt in range(ATTEMPTS):
        into.seek(0)
        into.truncate()
        try:
            found = _copy(url, into)
            break
        except urllib.error.HTTPError as error:
            if (error.code < 500 and error.code not in _GOOD_LATER) or attempt == ATTEMPTS - 1:
                raise ResourceError(f"{url}: the server answered {error.code} {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            if attempt == ATTEMPTS - 1:
                raise ResourceError(f"{url}: cannot be fetched after {ATTEMPTS} attempts: {error}") from None
        sleep(0.5 * 2**attempt)
    if found != sha256:
        raise ResourceError(
            f"{url}: the SHA-256 digest is {found}, wanted is {sha256}; nothing was installed"
        )


def _copy(url: str, into: IO[bytes]) -> str:
    digest = hashlib.sha256()
    # Costs a tenth of a second, and most often there is nothing to fetch.
    from ansible.module_utils.urls import open_url

    with open_url(url, timeout=_STALLED) as answer:
        while piece := answer.read(_PIECE):
            digest.update(piece)
            into.write(piece)
        # A connection that broke in the middle ends like a whole one where the length is not compared.
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
    return digest.hexdigest()
