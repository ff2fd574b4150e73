# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An elastic address on a device.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from .._info import Info
from .._packet.client import Client
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.paging import Item, everything
from .._reconcile import Attributes, Normalise, ResourceError
from .election import make_once
from .filters import fits
from .links import id_of
from .references import Home


class IpAssignment:
    """The assignment of one address (or network) of a reservation; it is on one device at a time."""

    name: ClassVar[str] = "ip_assignment"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "project": PROJECT_OPTION,
        "address": {"type": "str", "required": True},
        "device": {"type": "str"},
    }
    rules: ClassVar[Mapping[str, Any]] = {"required_if": [("state", "present", ("device",))]}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for what is no address."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._device_reference: str | None = params.get("device")
        self._absent = params["state"] == "absent"
        try:
            self._network = ipaddress.ip_network(params["address"])
        except ValueError as error:
            raise ResourceError(
                f"ip_assignment: address {params['address']!r} is no address or network: {error}"
            ) from error

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> IpAssignment:
        """The assignment that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        missing = self._device_reference and not self._device
        device = [f"the device {self._device_reference!r} does not exist yet"] if missing else []
        return self._home.warnings or device

    def wanted(self) -> Attributes:
        """The attributes that the options ask for; a device that is not there yet goes by its name."""
        device = self._device["id"] if self._device else self._device_reference
        return {"address": str(self._network), "device_id": device}

    def find(self) -> Attributes | None:
        """Where the address is now. To take it from one device, an assignment to another does not count."""
        found = next(iter(self._assignments()), None)
        elsewhere = found and self._device_reference and found["device_id"] != (self._device or {}).get("id")
        return None if self._absent and elsewhere else found

    def create(self, wanted: Attributes) -> Attributes:
        """Assigns it. The API refuses an address that is in none of the project's reservations."""
        device_id = self._existing_device()["id"]
        order = {"address": wanted["address"]}

        def make() -> Attributes:
            answer = self._client.call_api(f"devices/{device_id}/ips", "POST", order)
            return _attributes(answer) | {"device_id": device_id}

        def look() -> list[Attributes]:
            return [found for found in self._assignments() if found["device_id"] == device_id]

        return make_once(f"ip_assignment {self._network}", make, look, self.delete)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Moves it: the API knows only taking away and giving."""
        self._existing_device()
        self.delete(found)
        return self.create(found | changes)

    def delete(self, found: Attributes) -> None:
        """Takes it away from its device; the reservation stays."""
        self._client.remove(f"ips/{found['id']}")

    def _assignments(self) -> list[Attributes]:
        """Of the address; the API allows one."""
        assigned = _assigned(self._home.everything("ips", "ip_addresses", include="assignments"))
        return [found for found in assigned if found["address"] == str(self._network)]

    @cached_property
    def _device(self) -> Item | None:
        return self._home.device(self._device_reference) if self._device_reference else None

    def _existing_device(self) -> Item:
        if not self._device:
            raise ResourceError(
                f"ip_assignment {self._network}: the project has no device {self._device_reference!r}"
            )
        return self._device


def _assigned(reservations: list[Item]) -> list[Attributes]:
    """The addresses of these reservations that devices have."""
    return [
        _attributes(assignment)
        for reservation in reservations
        if not reservation.get("management")
        for assignment in reservation.get("assignments") or []
    ]


def _attributes(assignment: Item) -> Attributes:
    address = f"{assignment.get('network') or assignment['address']}/{assignment['cidr']}"
    return {"id": assignment["id"], "address": address, "device_id": id_of(assignment.get("assigned_to"))}


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    home = Home(client, params.get("project"))
    found = _assigned(everything(client, home.path("ips"), "ip_addresses", include="assignments"))
    device_id = home.existing_device(params["device"])["id"] if params["device"] else None
    return [assignment for assignment in found if fits(assignment, device_id=device_id)]


IP_ASSIGNMENTS = Info("ip_assignments", _search, {"project": PROJECT_OPTION, "device": {"type": "str"}})
