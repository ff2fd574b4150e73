# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of a project that are only looked at.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._info import Info
from .._packet.client import Client
from .._packet.connection import PROJECT_OPTION
from .._packet.paging import everything
from .._reconcile import Attributes
from .device_attributes import attributes
from .filters import fits, named, query
from .references import Home, is_id

STATES = (
    "queued",
    "provisioning",
    "active",
    "inactive",
    "powering_on",
    "powering_off",
    "reinstalling",
    "deprovisioning",
    "failed",
    "deleted",
)
"""All that the API knows."""


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    path = Home(client, params.get("project")).path("devices")
    asked = {"metro": params["metro"], "facility": params["facility"]}
    hostnames, tags, states = params["hostnames"], params["tags"], params["states"]
    sent = query(hostname=_only_hostname(hostnames), tag=tags, state=states, **asked)
    return [
        device
        for device in map(attributes, everything(client, path, "devices", **sent))
        if named(device, "hostname", hostnames) and fits(device, tags=tags, state=states, **asked)
    ]


def _only_hostname(references: list[str] | None) -> str | None:
    """The API can look for one hostname, or a part of one, but not for several, and not for an id."""
    alone = references[0] if references and len(references) == 1 else None
    return alone if alone and not is_id(alone) else None


DEVICES = Info(
    "devices",
    _search,
    {
        "project": PROJECT_OPTION,
        "hostnames": {"type": "list", "elements": "str"},
        "tags": {"type": "list", "elements": "str"},
        "states": {"type": "list", "elements": "str", "choices": list(STATES)},
        "metro": {"type": "str"},
        "facility": {"type": "str"},
    },
)
