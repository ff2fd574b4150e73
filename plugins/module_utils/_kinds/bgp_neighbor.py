# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a device shall peer with by BGP.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._info import Info
from .._packet.client import Client
from .._packet.connection import PROJECT_OPTION
from .._packet.paging import Item
from .._reconcile import Attributes
from .references import Home

FAMILIES = {4: "ipv4", 6: "ipv6"}


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    """A list that is never paged, whose items have no ids."""
    device = Home(client, params.get("project")).existing_device(params["device"])
    answer = client.call_api(f"devices/{device['id']}/bgp/neighbors")
    return [_attributes(neighbor) | {"device_id": device["id"]} for neighbor in answer["bgp_neighbors"]]


def _attributes(neighbor: Item) -> Attributes:
    """Without the password, which results must not tell."""
    return {
        "address_family": FAMILIES.get(neighbor["address_family"]),
        **{name: neighbor.get(name) for name in ("customer_as", "customer_ip", "peer_as")},
        "peer_ips": list(neighbor.get("peer_ips") or []),
        **{name: bool(neighbor.get(name)) for name in ("md5_enabled", "multihop")},
        **{name: list(neighbor.get(name) or []) for name in ("routes_in", "routes_out")},
    }


BGP_NEIGHBORS = Info(
    "bgp_neighbors",
    _search,
    {"project": PROJECT_OPTION, "device": {"type": "str", "required": True}},
)
