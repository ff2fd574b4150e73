# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users: the one to whom the token belongs, and those who share an organization with it.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._info import Info
from .._packet.client import Client
from .._packet.errors import ForbiddenError
from .._packet.paging import Item, everything
from .._reconcile import Attributes, ResourceError
from .filters import query


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    if params["everyone"] or params["search"]:
        users = everything(client, "users", "users", **query(search=params["search"]))
        return [_attributes(user) for user in users]
    try:
        return [_attributes(client.call_api("user"))]
    except ForbiddenError as error:
        raise ResourceError(f"users: {error}; a token of a project belongs to no user") from error


def _attributes(user: Item) -> Attributes:
    """Of users other than its own a token is told no more than who they are; the rest is empty."""
    names = ("id", "full_name", "first_name", "last_name", "email", "phone_number", "timezone")
    return {
        **{name: user.get(name) for name in names},
        "two_factor_auth": user.get("two_factor_auth") or None,
        "custom_data": user.get("customdata") or {},
        **{name: user.get(name) for name in ("default_organization_id", "created_at")},
    }


USERS = Info("users", _search, {"everyone": {"type": "bool", "default": False}, "search": {"type": "str"}})
