# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network port of a device: an interface, or the bond of them.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Union

from .._info import Info
from .._packet.client import Client
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.paging import Item, everything
from .._reconcile import Attributes, Normalise, ResourceError
from .port_steps import BOND, steps
from .references import Home, is_id
from .vlan import attributes as vlan_attributes

VlanNumber = Union[int, str]  # noqa: UP007 as modules run with older Pythons too
"""The number of a virtual network; of one that does not exist yet, what it was called."""

CARRIED = ("virtual_networks", "native_virtual_network")


class Port:
    """One port, known by its device and its name, or by its id. It comes and goes with the device."""

    name: ClassVar[str] = "port"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {"native_vlan": lambda vlan: vlan or None}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "project": PROJECT_OPTION,
        "device": {"type": "str"},
        "name": {"type": "str"},
        "id": {"type": "str"},
        "bonded": {"type": "bool"},
        "layer": {"type": "int", "choices": [2, 3]},
        "vlans": {"type": "list", "elements": "str"},
        "purge": {"type": "bool", "default": False},
        "native_vlan": {"type": "str"},
    }
    rules: ClassVar[Mapping[str, Any]] = {
        "required_one_of": [("device", "id")],
        "mutually_exclusive": [("device", "id")],
        "required_together": [("device", "name")],
        "required_if": [("purge", True, ("vlans",))],
    }

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for options that contradict each other."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._params = params
        if params.get("layer") == 3 and params.get("bonded") is False:
            raise ResourceError(
                f"{self._label}: layer is 3, which needs the bond, and bonded is false; drop one of them"
            )

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Port:
        """The port that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        device = [] if self._device else [f"the device {self._params['device']!r} does not exist yet"]
        vlans = [f"the VLAN {vlan!r} does not exist yet" for vlan in self._missing]
        return self._home.warnings or device + vlans

    def wanted(self) -> Attributes:
        """The attributes that the options ask for, and what follows from them."""
        found = self._found or {}
        layer, vlans, native = self._params.get("layer"), self._vlans(found), self._native
        if native is None and vlans is not None and found.get("native_vlan") not in [*vlans, None]:
            native = ""
        bonded = True if layer == 3 else self._params.get("bonded")
        return {"bonded": bonded, "layer": layer, "vlans": vlans, "native_vlan": native}

    def find(self) -> Attributes | None:
        """The port, None where there is no such device yet. Raises ResourceError for what it cannot be."""
        if self._found:
            self._check(self._found)
        return self._found

    def create(self, wanted: Attributes) -> Attributes:
        """Raises ResourceError: a port is made with its device."""
        self._home.existing_device(self._params["device"])
        raise ResourceError(f"{self._label} does not exist")

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Takes one step after the other; a run that was interrupted is gone on with by the next one."""
        if self._missing:
            raise ResourceError(
                f"{self._label}: there is no VLAN {self._missing[0]!r} where the device is; "
                "make it first (module vlan)"
            )
        for step in steps(found, found | changes):
            self._client.call_api(f"ports/{found['id']}/{step.tail}", step.method, step.body)
        return self._read(found["id"])

    def delete(self, found: Attributes) -> None:
        """Raises ResourceError: a port is removed with its device."""
        raise ResourceError(f"{self._label} cannot be removed from its device")

    @property
    def _label(self) -> str:
        if self._params.get("id"):
            return f"port {self._params['id']}"
        return f"port {self._params['name']} of {self._params['device']}"

    @cached_property
    def _device(self) -> Item | None:
        if self._params.get("device"):
            return self._home.device(self._params["device"])
        for device in self._home.everything("devices", "devices"):
            if any(port["id"] == self._params["id"] for port in device.get("network_ports") or []):
                return device
        raise ResourceError(f"{self._label}: no device of the project has it")

    @cached_property
    def _found(self) -> Attributes | None:
        if not self._device:
            return None
        ports = self._device.get("network_ports") or []
        id_, name = self._params.get("id"), self._params.get("name")
        port = next((port for port in ports if port["id"] == id_ or port["name"] == name), None)
        if port is None:
            names = ", ".join(port["name"] for port in ports) or "none"
            raise ResourceError(f"{self._label} does not exist; its ports are: {names}")
        return self._read(port["id"])

    def _read(self, id_: str) -> Attributes:
        port = self._client.call_api(f"ports/{id_}", params={"include": ",".join(CARRIED)})
        return attributes(port, self._device or {})

    def _vlans(self, found: Attributes) -> list[VlanNumber] | None:
        """Those that it shall carry: what it carries already stays, unless told otherwise."""
        if self._params.get("vlans") is None:
            return None
        kept = [] if self._params["purge"] else found.get("vlans", [])
        return _sorted({*kept, *map(self._number, self._params["vlans"])})

    @property
    def _native(self) -> VlanNumber | None:
        """None where it shall stay as it is, empty where there shall be none."""
        reference: str | None = self._params.get("native_vlan")
        return self._number(reference) if reference else reference

    @cached_property
    def _reachable(self) -> list[Attributes]:
        """The virtual networks in which the device can be."""
        vlans = map(vlan_attributes, self._home.everything("virtual-networks", "virtual_networks"))
        if not self._device:
            return list(vlans)
        metro, facility = (
            (self._device.get(place) or {}).get("code", "nowhere") for place in ("metro", "facility")
        )
        return [vlan for vlan in vlans if vlan["metro"] == metro or vlan["facility"] == facility]

    @property
    def _missing(self) -> list[str]:
        """The virtual networks that are spoken of and are not there."""
        references = [*(self._params.get("vlans") or []), self._params.get("native_vlan")]
        spoken_of = [reference for reference in dict.fromkeys(references) if reference]
        numbers = {vlan["vxlan"] for vlan in self._reachable} if spoken_of else set()
        return [reference for reference in spoken_of if self._number(reference) not in numbers]

    def _number(self, reference: str) -> VlanNumber:
        """The number of a virtual network. Raises ResourceError where several are meant, or none can be."""
        found: list[Attributes] = []
        for name in ("id", "vxlan", "description"):
            found = found or [vlan for vlan in self._reachable if str(vlan[name]) == reference]
        numbers = sorted({vlan["vxlan"] for vlan in found})
        if len(numbers) > 1:
            raise ResourceError(
                f"{self._label}: vlan {reference!r} is ambiguous: {', '.join(map(str, numbers))} have that "
                "description; give the number"
            )
        if not found and is_id(reference):
            raise ResourceError(f"{self._label}: there is no vlan {reference} where the device is")
        if found:
            return int(numbers[0])
        return int(reference) if reference.isdecimal() else reference

    def _check(self, found: Attributes) -> None:
        """Raises ResourceError for what contradicts the port as it will be."""
        asked = {name: value for name, value in self.wanted().items() if value is not None}
        port = found | asked
        native = port["native_vlan"] or None
        if found["type"] != BOND and asked.get("layer"):
            raise ResourceError(f"{self._label}: layer is for bonds; give it for the bond of the device")
        if found["type"] == BOND and not port["bonded"] and port["layer"] == 3:
            raise ResourceError(f"{self._label}: a bond of layer 3 cannot be broken; give layer: 2 besides")
        # A VLAN that is not there yet may be the same by another name.
        if native is not None and native not in port["vlans"] and not self._missing:
            raise ResourceError(
                f"{self._label}: native_vlan {native} is none of the VLANs that it carries; give it in vlans"
            )
        if port["vlans"] and port["bonded"] != (found["type"] == BOND):
            carried = ", ".join(map(str, port["vlans"]))
            raise ResourceError(
                f"{self._label}: it cannot carry VLANs ({carried}) {_WHILE[found['type']]}, "
                "or take them off with vlans: [] and purge: true"
            )


_WHILE = {
    BOND: "while it has no interfaces; give bonded: true",
    "interface": "while it is in the bond; give bonded: false",
}


def attributes(port: Item, device: Item) -> Attributes:
    """A port of the API, with its virtual networks included, as a flat dictionary."""
    data, network_type = port.get("data") or {}, str(port.get("network_type") or "")
    native = port.get("native_virtual_network")
    return {
        "id": port["id"],
        "name": port["name"],
        "type": BOND if port.get("type") == "NetworkBondPort" else "interface",
        "device_id": device.get("id"),
        "device": device.get("hostname"),
        "mac": data.get("mac"),
        "bonded": bool(data.get("bonded")),
        "layer": 2 if network_type.startswith("layer2") else 3,
        "network_type": network_type,
        "vlans": _sorted({vlan["vxlan"] for vlan in port.get("virtual_networks") or []}),
        "native_vlan": native["vxlan"] if native else None,
    }


def _sorted(vlans: set[VlanNumber]) -> list[VlanNumber]:
    """Numbers first."""
    return sorted(vlans, key=lambda vlan: (isinstance(vlan, str), vlan))


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    home = Home(client, params.get("project"))
    include = ",".join(f"network_ports.{name}" for name in CARRIED)
    devices = everything(client, home.path("devices"), "devices", include=include)
    if params.get("device"):
        id_ = home.existing_device(params["device"])["id"]
        devices = [device for device in devices if device["id"] == id_]
    return [attributes(port, device) for device in devices for port in device.get("network_ports") or []]


INFO = Info("ports", _search, {"project": PROJECT_OPTION, "device": {"type": "str"}})
