# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened: to a device, in a project or in an organization.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._info import Info
from .._packet.client import Client
from .._packet.connection import PROJECT_OPTION
from .._packet.paging import Item, everything
from .._reconcile import Attributes, ResourceError
from .filters import fits, query
from .links import id_of, kind_of
from .references import Home, pick

SUBJECTS = {
    "device_id": "devices",
    "volume_id": "storage",
    "project_id": "projects",
    "organization_id": "organizations",
}
"""Under which word an event refers to what it is about."""


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    types = params["types"]
    found = map(_attributes, everything(client, _path(client, params), "events", **query(type=types)))
    return [event for event in found if fits(event, type=types)]


def _path(client: Client, params: Mapping[str, Any]) -> str:
    """The narrowest that is given; a project may be given by the environment besides."""
    if params["organization"]:
        return f"organizations/{_organization_id(client, params['organization'])}/events"
    home = Home(client, params.get("project"))
    if params["device"]:
        return f"devices/{home.existing_device(params['device'])['id']}/events"
    return home.path("events")


def _organization_id(client: Client, reference: str) -> str:
    organization = pick("organization", reference, everything(client, "organizations", "organizations"))
    if organization is None:
        raise ResourceError(
            f"there is no organization {reference!r}, or the token has no access to it; give its name or id"
        )
    return str(organization["id"])


def _attributes(event: Item) -> Attributes:
    about = {kind_of(link): id_of(link) for link in event.get("relationships") or []}
    return {
        **{name: event.get(name) for name in ("id", "type", "body", "ip", "created_at")},
        "user_id": id_of(event.get("modified_by")),
        **{name: about.get(kind) for name, kind in SUBJECTS.items()},
    }


EVENTS = Info(
    "events",
    _search,
    {
        "project": PROJECT_OPTION,
        "device": {"type": "str"},
        "organization": {"type": "str"},
        "types": {"type": "list", "elements": "str"},
    },
    {"mutually_exclusive": [("device", "organization")]},
)
