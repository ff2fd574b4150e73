# SPDX-License-Identifier: GPL-3.0-or-later
"""The network ports of a device: two interfaces and the bond of them, and what may be done to them.

Addresses are on the bond, while it is layer 3. An interface is either in the bond or carries virtual
networks of its own. The kind of network that results is derived, never kept:

| layer | interfaces outside the bond | network_type |
|---|---|---|
| 3 | none | layer3, or hybrid-bonded when the bond carries virtual networks |
| 3 | some | hybrid |
| 2 | none | layer2-bonded |
| 2 | some | layer2-individual |
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from packetd.model.lifecycle import RefusedError

INTERFACES = ("eth0", "eth1")
BOND = "bond0"
NAMES = (BOND, *INTERFACES)

# Where the id of a port differs from its device's: in its last four digits, which are random in a UUID.
_MARKS = dict(zip(NAMES, (0xB0D0, 0xE700, 0xE701), strict=True))
_ENDS_IN_DIGITS = re.compile(r"[0-9a-f]{4}\Z")


class NetworkType(StrEnum):
    """A closed set: clients refuse other values."""

    LAYER3 = "layer3"
    HYBRID = "hybrid"
    HYBRID_BONDED = "hybrid-bonded"
    LAYER2_BONDED = "layer2-bonded"
    LAYER2_INDIVIDUAL = "layer2-individual"


@dataclass(frozen=True)
class Ports:
    """The ports of one device. Every operation gives the ports as they are afterwards, or raises
    RefusedError; asking for what is already so changes nothing.

    ``individual`` are the interfaces outside the bond. ``vlans`` says by port which virtual networks
    (any names) it carries, ``native`` which of them is untagged there.
    """

    layer: int = 3
    individual: frozenset[str] = frozenset()
    vlans: Mapping[str, frozenset[str]] = field(default_factory=dict)
    native: Mapping[str, str] = field(default_factory=dict)

    def bonded(self, port: str) -> bool:
        """Whether an interface is in the bond, or the bond has any interface."""
        return len(self.individual) < len(INTERFACES) if port == BOND else port not in self.individual

    def carried(self, port: str) -> frozenset[str]:
        """The virtual networks of a port."""
        return self.vlans.get(port, frozenset())

    @property
    def network_type(self) -> NetworkType:
        """The network of the device as a whole."""
        if self.layer == 2:
            return NetworkType.LAYER2_INDIVIDUAL if self.individual else NetworkType.LAYER2_BONDED
        if self.individual:
            return NetworkType.HYBRID
        return NetworkType.HYBRID_BONDED if self.carried(BOND) else NetworkType.LAYER3

    def network_type_of(self, port: str) -> NetworkType:
        """The network of one port."""
        if not self.bonded(port):
            return NetworkType.LAYER2_INDIVIDUAL
        return NetworkType.LAYER2_BONDED if self.layer == 2 else self.network_type

    # Bonding

    def bond(self, port: str, *, all_: bool) -> Ports:
        """Put an interface into the bond; all of them for the bond itself."""
        joining = self._meant(port, all_) & self.individual
        for name in sorted(joining):
            if self.carried(name):
                raise RefusedError(f"Cannot bond {name} while it has virtual networks; unassign them first")
        return replace(self, individual=self.individual - joining)

    def disbond(self, port: str, *, all_: bool) -> Ports:
        """Take an interface out of the bond; all of them for the bond itself, which breaks it."""
        individual = self.individual | self._meant(port, all_)
        if self.layer == 3 and len(individual) == len(INTERFACES):
            raise RefusedError(f"Cannot break {BOND} while it is layer 3; convert it to layer-2 first")
        return replace(self, individual=individual)

    @staticmethod
    def _meant(port: str, all_: bool) -> frozenset[str]:
        return frozenset(INTERFACES) if all_ or port == BOND else frozenset({port})

    # Conversion

    def to_layer_2(self, port: str) -> Ports:
        """Make the bond carry virtual networks only."""
        self._must_be_bond(port)
        return replace(self, layer=2)

    def to_layer_3(self, port: str) -> Ports:
        """Make the bond carry addresses; a broken one is formed again by what has no virtual networks."""
        self._must_be_bond(port)
        if self.layer == 3:
            return self
        if self.carried(BOND):
            raise RefusedError(
                f"Cannot convert {BOND} to layer-3 while it has virtual networks; unassign them first"
            )
        individual = self.individual
        if not self.bonded(BOND):
            individual = frozenset(name for name in INTERFACES if self.carried(name))
            if len(individual) == len(INTERFACES):
                raise RefusedError(
                    f"Cannot form {BOND} while {', '.join(INTERFACES)} have virtual networks;"
                    " unassign those of one first"
                )
        return replace(self, layer=3, individual=individual)

    @staticmethod
    def _must_be_bond(port: str) -> None:
        if port != BOND:
            raise RefusedError(f"Cannot convert {port}: only {BOND} is converted")

    # Virtual networks

    def assign(self, port: str, vlan: str) -> Ports:
        """Have a port carry a virtual network, which no other port of the device may carry."""
        if vlan in self.carried(port):
            return self
        if port == BOND and not self.bonded(BOND):
            raise RefusedError(f"Cannot assign to {BOND}, which has no interfaces; bond one first")
        if port != BOND and self.bonded(port):
            raise RefusedError(f"Cannot assign to {port} while it is in {BOND}; disbond it first")
        for other in NAMES:
            if vlan in self.carried(other):
                raise RefusedError(f"Cannot assign to {port} what {other} carries; unassign it there first")
        return self._carrying(port, self.carried(port) | {vlan})

    def unassign(self, port: str, vlan: str) -> Ports:
        """Have a port carry a virtual network no more, natively neither."""
        if vlan not in self.carried(port):
            raise RefusedError(f"Cannot unassign from {port} what it does not carry")
        ports = self.without_native(port) if self.native.get(port) == vlan else self
        return ports._carrying(port, self.carried(port) - {vlan})

    def with_native(self, port: str, vlan: str) -> Ports:
        """Have one of a port's virtual networks untagged."""
        if vlan not in self.carried(port):
            raise RefusedError(f"Cannot make native on {port} what it does not carry; assign it first")
        return replace(self, native={**self.native, port: vlan})

    def without_native(self, port: str) -> Ports:
        """Have all virtual networks of a port tagged."""
        rest = {name: vlan for name, vlan in self.native.items() if name != port}
        return replace(self, native=rest)

    def _carrying(self, port: str, vlans: frozenset[str]) -> Ports:
        rest = {name: carried for name, carried in self.vlans.items() if name != port}
        return replace(self, vlans={**rest, port: vlans} if vlans else rest)


def port_id(device_id: str, name: str) -> str:
    """The id of a device's port: the device's with a mark, so that it needs no storing."""
    return _marked(device_id, _MARKS[name])


def ports_of_id(identifier: str) -> dict[str, str]:
    """The ports that an id can mean, as device id and name; at most one of the devices exists."""
    if not _ENDS_IN_DIGITS.search(identifier):
        return {}
    return {_marked(identifier, mark): name for name, mark in _MARKS.items()}


def _marked(identifier: str, mark: int) -> str:
    return f"{identifier[:-4]}{int(identifier[-4:], 16) ^ mark:04x}"


def mac_address(device_id: str, name: str) -> str:
    """A locally administered address; a bond has that of its first interface."""
    interface = INTERFACES[0] if name == BOND else name
    digest = hashlib.sha256(f"{device_id}/{interface}".encode()).digest()
    return ":".join(["02", *(f"{byte:02x}" for byte in digest[16:21])])
