# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be ordered: checked before anything is made, so that check mode foretells a refusal too.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._packet.client import Client, all_of
from .._packet.paging import everything
from .._reconcile import Attributes, ResourceError

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.IGNORECASE)

LISTS = {
    "plan": ("plans", "plans", "slug"),
    "operating_system": ("operating-systems", "operating_systems", "slug"),
    "metro": ("locations/metros", "metros", "code"),
    "facility": ("facilities", "facilities", "code"),
}
"""Where the API says what an attribute may be: path, key of the list, key of the value."""

NAMED = 3
"""How many devices an error names: a wrong setting is mostly that of all."""

ANY = "any"
"""As facility: wherever there is room."""


def check_hostname(hostname: str) -> None:
    """Raises ResourceError for what is no hostname (RFC 1123, section 2.1)."""
    if len(hostname) > 253 or not _HOSTNAME.fullmatch(hostname):
        raise ResourceError(
            f"device {hostname!r}: hostname is not valid; allowed are letters, digits and hyphens in parts "
            "of 1 to 63 characters that begin and end with a letter or digit, joined by dots, 253 in all"
        )


class Catalogue:
    """The plans, operating systems and places that an API offers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def check(self, orders: Mapping[str, Attributes]) -> None:
        """Raises ResourceError that names each order, field and value that cannot be, and what can."""
        for hostname, order in orders.items():
            _check_complete(hostname, order)
        asked = {name for order in orders.values() for name in LISTS if order.get(name) not in (None, ANY)}
        for name, values in zip(asked, all_of(self._offered, asked), strict=True):
            wrong = {
                key: order[name]
                for key, order in orders.items()
                if order.get(name) not in (*values, None, ANY)
            }
            if wrong:
                raise ResourceError(
                    f"device: {name} {_named(wrong)} is not offered; this API has: {', '.join(values)}"
                )

    def _offered(self, name: str) -> list[str]:
        path, key, value = LISTS[name]
        return sorted(item[value] for item in everything(self._client, path, key))


def _named(wrong: Mapping[str, str]) -> str:
    """Each wrong value once, with those that asked for it."""
    asking: dict[str, list[str]] = {}
    for key, value in wrong.items():
        asking.setdefault(value, []).append(key)
    return ", ".join(f"{value!r} (of {_few(keys)})" for value, keys in asking.items())


def _few(keys: list[str]) -> str:
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return ", ".join(keys[:NAMED]) + more


def _check_complete(hostname: str, order: Attributes) -> None:
    missing = [name for name in ("plan", "operating_system") if not order.get(name)]
    # A reserved machine is where it is.
    if not any(order.get(name) for name in ("metro", "facility", "hardware_reservation_id")):
        missing.append("metro (or facility)")
    if missing:
        raise ResourceError(f"device {hostname}: cannot be made without {', '.join(missing)}")
