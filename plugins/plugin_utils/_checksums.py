# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Published checksums of downloads, each fetched once a run on the controller, however many machines want it.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import re
import urllib.error
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..module_utils._reconcile import ResourceError

_PATIENCE = 15.0
"""Seconds."""


def published_checksums(urls: Iterable[str], folder: Path) -> dict[str, str]:
    """The SHA-256 digests that are published beside these URLs, as URL.sha256.

    `folder` is one that all forks of the run share; what was fetched is remembered there.
    Raises ResourceError where a checksum cannot be had.
    """
    wanted = dict.fromkeys(urls)
    store = folder / "packet-checksums.json"
    with open(folder / "packet-checksums.lock", "w") as lock:
        # Held while fetching: the other forks want the same checksums and find them afterwards.
        fcntl.flock(lock, fcntl.LOCK_EX)
        known: dict[str, str] = json.loads(store.read_text()) if store.exists() else {}
        missing = [url for url in wanted if url not in known]
        if missing:
            with ThreadPoolExecutor(len(missing)) as pool:
                known |= dict(zip(missing, pool.map(_fetch, missing), strict=True))
            store.write_text(json.dumps(known))
    return {url: known[url] for url in wanted}


def _fetch(url: str) -> str:
    # Costs a tenth of a second, and every fork but the first finds what it wants.
    from ansible.module_utils.urls import open_url

    beside = f"{url}.sha256"
    try:
        with open_url(beside, timeout=_PATIENCE) as answer:
            text = answer.read(4096).decode("ascii", "replace")
    except urllib.error.HTTPError as error:
        raise _missing(beside, f"the server answered {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise _missing(beside, str(error)) from None
    if not (digest := re.match(r"[0-9a-fA-F]{64}(?=\s|$)", text)):
        raise _missing(beside, "what is there is no SHA-256 digest")
    return digest[0].lower()


def _missing(beside: str, why: str) -> ResourceError:
    return ResourceError(f"node: no checksum from {beside}: {why}; mend that, or give `checksum` in the task")
