# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object of the API says of another one: its address, and more where it is shown whole.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from typing import Any

from .._packet.paging import Item


def id_of(link: Item | None) -> str | None:
    """The id at the end of the address, None where there is no object."""
    return str((link or {}).get("href", "")).rpartition("/")[2] or None


def kind_of(link: Item) -> str:
    """The word before the id, which says what it is: devices, projects, ..."""
    return str(link.get("href", "")).rpartition("/")[0].rpartition("/")[2]


def part(link: Item | None, name: str) -> Any:
    """Something of an object that is shown whole: the code of a metro, the slug of a plan."""
    return (link or {}).get(name)
