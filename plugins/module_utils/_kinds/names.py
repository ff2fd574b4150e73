# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of attributes: ours, those of the API, and what a user may call an object.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from typing import Any

from .._reconcile import Attributes, ResourceError

FIELDS = {"user_data": "userdata", "custom_data": "customdata"}
"""Our names of attributes that the API calls otherwise."""

LONGEST_NAME = 80
"""Of a project or an organization, in characters."""


def body(wanted: Attributes) -> dict[str, Any]:
    """Attributes under the names that the API gives them."""
    return {FIELDS.get(name, name): value for name, value in wanted.items()}


def check_name(kind: str, name: str | None) -> None:
    """Raises ResourceError for a name that the API does not take; None is none."""
    if name is not None and not 1 <= len(name) <= LONGEST_NAME:
        raise ResourceError(f"{kind}: name has {len(name)} characters; allowed are 1 to {LONGEST_NAME}")
