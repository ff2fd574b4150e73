# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists, always with all their pages.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from typing import Any

from .client import Client, all_of
from .errors import ServerFaultError

PER_PAGE = 100
"""The most that the documentation of the API allows. Servers take up to 1000, which is no faster: pages are
decoded while others are on their way."""

ATTEMPTS = 5
"""How often a list is read anew when it changes while its pages are being read."""

Item = dict[str, Any]


def everything(client: Client, path: str, key: str, **params: Any) -> list[Item]:
    """All items under `key` of a list, each once. The pages after the first are fetched at the same time.

    A list that grows or shrinks meanwhile moves items from page to page, so one may be missed; the totals of
    the pages then differ, and the list is read anew. Raises ApiError.
    """
    for _attempt in range(ATTEMPTS):
        pages = _pages(client, path, params)
        if len({_meta(page).get("total") for page in pages}) == 1:
            return list({item["id"]: item for page in pages for item in page[key]}.values())
    raise ServerFaultError(
        f"GET {path}", f"the list kept changing while its pages were read, {ATTEMPTS} times"
    )


def _pages(client: Client, path: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    def fetch(number: int) -> dict[str, Any]:
        page: dict[str, Any] = client.call_api(path, params={"per_page": PER_PAGE, **params, "page": number})
        return page

    first = fetch(1)
    return [first, *all_of(fetch, range(2, _meta(first).get("last_page", 1) + 1))]


def _meta(page: dict[str, Any]) -> dict[str, Any]:
    """What a page says of the list; some lists (plans, metros) are never paged and say nothing."""
    return page.get("meta") or {}
