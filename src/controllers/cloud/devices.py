# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices as far as Nodes are concerned. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device_attributes import LEAVING
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.links import part
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.paging import Item

OFF = frozenset({"inactive", "powering_off"})
"""States in which a device does no work but comes back as the same."""


@dataclass(frozen=True)
class Device:
    """What of a device shows in its Node."""

    id: str
    hostname: str
    state: str
    plan: str | None
    metro: str | None
    facility: str | None
    private: tuple[str, ...]
    public: tuple[str, ...]
    """Both without elastic addresses, which come and go; IPv4 first."""


def read(item: Item) -> Device:
    """A device as the API shows it."""
    return Device(
        id=item["id"],
        hostname=item["hostname"],
        state=item["state"],
        plan=part(item.get("plan"), "slug"),
        metro=part(item.get("metro"), "code"),
        facility=part(item.get("facility"), "code"),
        private=_addresses(item, public=False),
        public=_addresses(item, public=True),
    )


def present(items: Iterable[Item]) -> list[Device]:
    """Those that are there and stay."""
    return [read(item) for item in items if item["state"] not in LEAVING]


def _addresses(item: Item, public: bool) -> tuple[str, ...]:
    own = [
        each["address"]
        for each in item.get("ip_addresses") or []
        if each.get("address") and each.get("management", True) and bool(each.get("public")) is public
    ]
    return tuple(sorted(own, key=lambda address: ip_address(address).version))
