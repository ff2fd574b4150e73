# SPDX-License-Identifier: GPL-3.0-or-later
"""Reservations of elastic addresses as far as Services matter, and the tags that say whose they are. Pure.

A reservation that was made for a Service has one address and USAGE among its tags, and goes with its last
Service. One that a user has made may have many; there a tag for each address says which of them this cluster
moves, as others may be the user's or another cluster's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.election import age
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ip_reservation import TYPES, reserved
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.links import id_of, part
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.paging import Item

USAGE = "usage=cloud-provider-equinix-metal-auto"
_CLUSTER = "cluster="
_SERVICE = re.compile(r"service=[A-Za-z0-9+/]{43}=")


@dataclass(frozen=True)
class Assignment:
    """An address, or network, that a device has."""

    id: str
    network: IPv4Network
    device: str


@dataclass(frozen=True)
class Reservation:
    """Addresses that the project holds."""

    id: str
    network: IPv4Network
    tags: tuple[str, ...] = ()
    age: tuple[str, str] = ("", "")
    metro: str | None = None
    """None for global ones."""
    assignments: tuple[Assignment, ...] = ()

    def at(self, address: IPv4Address) -> Assignment | None:
        """The assignment of just this address."""
        return next((each for each in self.assignments if each.network == IPv4Network(address)), None)

    def covering(self, address: IPv4Address) -> Assignment | None:
        """The assignment that this address is a part of."""
        return next((each for each in self.assignments if address in each.network), None)

    @property
    def services(self) -> list[str]:
        """Its tags of Services."""
        return [tag for tag in self.tags if _SERVICE.fullmatch(tag)]

    def retagged(self, add: Iterable[str], drop: Iterable[str]) -> Reservation:
        """The same with other tags."""
        return replace(self, tags=tuple(retagged(self.tags, add, drop)))

    def assigned(self, assignment: Assignment) -> Reservation:
        """The same with one more of its addresses on a device."""
        return replace(self, assignments=(*self.assignments, assignment))

    def unassigned(self, assignment_id: str) -> Reservation:
        """The same without that assignment."""
        left = tuple(each for each in self.assignments if each.id != assignment_id)
        return replace(self, assignments=left)


@dataclass(frozen=True)
class Cluster:
    """The tags of one cluster."""

    id: str

    @property
    def tag(self) -> str:
        """By which its reservations are known."""
        return f"{_CLUSTER}{self.id}"

    def made(self, reservation: Reservation) -> bool:
        """Whether the reservation was made for a Service of this cluster."""
        return self.tag in reservation.tags and USAGE in reservation.tags

    def moves(self, address: IPv4Address) -> str:
        """By which a user's reservation says that this cluster moves one of its addresses."""
        return f"address={address}@{self.id}"

    def moved(self, reservation: Reservation) -> list[IPv4Address]:
        """The addresses of which a user's reservation says so."""
        return [
            address
            for address in map(_address, reservation.tags)
            if address and self.moves(address) in reservation.tags
        ]

    def owned(self, reservations: Iterable[Reservation]) -> dict[str, list[Reservation]]:
        """The reservations that this cluster uses, by the tags of Services."""
        found: dict[str, list[Reservation]] = {}
        for reservation in reservations:
            for tag in reservation.services if self.tag in reservation.tags else ():
                found.setdefault(tag, []).append(reservation)
        return found

    def alone(self, reservation: Reservation) -> bool:
        """Whether no other cluster uses the reservation."""
        return not any(tag.startswith(_CLUSTER) and tag != self.tag for tag in reservation.tags)


def retagged(tags: Iterable[str], add: Iterable[str], drop: Iterable[str]) -> list[str]:
    """Tags with some more and some less, each once."""
    gone = set(drop)
    return list(dict.fromkeys([*(tag for tag in tags if tag not in gone), *add]))


def read(item: Item) -> Reservation | None:
    """A reservation as the API shows it; None where nothing of it can be had, yet or ever."""
    if not reserved([item]) or item.get("type") not in TYPES or not item.get("network"):
        return None
    return Reservation(
        id=item["id"],
        network=IPv4Network(f"{item['network']}/{item['cidr']}"),
        tags=tuple(item.get("tags") or []),
        age=age(item),
        metro=part(item.get("metro"), "code"),
        assignments=tuple(read_assignment(each) for each in item.get("assignments") or []),
    )


def read_assignment(item: Item) -> Assignment:
    """An assignment as the API shows it."""
    return Assignment(
        id=item["id"],
        network=IPv4Network(f"{item.get('network') or item['address']}/{item['cidr']}"),
        device=id_of(item.get("assigned_to")) or "",
    )


def _address(tag: str) -> IPv4Address | None:
    match = re.fullmatch(r"address=([0-9.]+)@.+", tag)
    try:
        return IPv4Address(match[1]) if match else None
    except ValueError:
        return None
