# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Points in time.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from datetime import UTC, datetime

from .._reconcile import ResourceError


def moment(what: str, text: str) -> str:
    """A point in time as the API writes it; without a zone it is UTC.

    `what` names the object and the option. Raises ResourceError for what is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ResourceError(f"{what} {text!r} is no time such as 2026-12-31T12:00:00Z") from error
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return f"{found.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
