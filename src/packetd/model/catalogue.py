# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be ordered: plans, operating systems, metros and facilities, read from catalogue.yaml."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

# A market without bidders: cheap enough for the bids that are found in examples and clients' tests.
_SPOT_SHARE, _LOWEST_SPOT_PRICE = 0.08, 0.02


@cache
def _id_of(kind: str, name: str) -> str:
    """An id that is the same on every server, in the form of a version-4 UUID as clients demand."""
    digest = hashlib.sha256(f"{kind}/{name}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


class Metro(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    name: str
    country: str

    @property
    def id(self) -> str:
        return _id_of("metro", self.code)


class Facility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    name: str
    metro: str

    @property
    def id(self) -> str:
        return _id_of("facility", self.code)


class Cpus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: int
    type: str


class Drive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: int
    size: str
    type: str


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a machine of this plan may use of its host; None is no limit."""

    memory_mib: int | None = None
    cpus: float | None = None


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slug: str
    hourly: float
    name: str | None = None
    class_: str | None = msgspec.field(default=None, name="class")
    line: str = "baremetal"
    cpus: Cpus | None = None
    memory: str | None = None
    drives: tuple[Drive, ...] = ()
    unavailable_in: tuple[str, ...] = ()
    individual_ports: tuple[str, ...] = ()
    limits: Limits = Limits()
    fixed_id: str | None = None

    @property
    def id(self) -> str:
        return self.fixed_id or _id_of("plan", self.slug)

    @property
    def category(self) -> str:
        return "compute" if self.line == "baremetal" else self.line

    @property
    def deployment_types(self) -> tuple[str, ...]:
        """How it can be had; volumes are not deployed."""
        return ("on_demand", "spot_market") if self.line == "baremetal" else ()

    @property
    def spot_price(self) -> float:
        """What the market asks until an operator sets a price, in dollars an hour: less than on demand."""
        return round(max(_LOWEST_SPOT_PRICE, _SPOT_SHARE * self.hourly), 2)


class OperatingSystem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slug: str
    name: str
    distro: str
    version: str
    user: str = "root"

    @property
    def id(self) -> str:
        return _id_of("operating-system", self.slug)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    metros: tuple[Metro, ...]
    facilities: tuple[Facility, ...]
    plans: tuple[Plan, ...]
    operating_systems: tuple[OperatingSystem, ...]


class Catalogue:
    """The catalogue, by slug or code, in the order of the file."""

    def __init__(self, file: _File) -> None:
        self.metros: Mapping[str, Metro] = {metro.code: metro for metro in file.metros}
        self.facilities: Mapping[str, Facility] = {facility.code: facility for facility in file.facilities}
        self.plans: Mapping[str, Plan] = {plan.slug: plan for plan in file.plans}
        self.operating_systems: Mapping[str, OperatingSystem] = {
            system.slug: system for system in file.operating_systems
        }

    def facilities_of(self, metro: str) -> list[str]:
        """Codes of a metro's facilities, the preferred one first."""
        return [facility.code for facility in self.facilities.values() if facility.metro == metro]

    def by_its_class(self, slug: str) -> Plan:
        """The plan under its later name, its class: the spot market tells of baremetal_0 as t1.small.x86."""
        plan = self.plans[slug]
        return self.plans.get(plan.class_ or slug, plan)

    def server_plans(self) -> dict[str, Plan]:
        """Plans that a device can have."""
        return {slug: plan for slug, plan in self.plans.items() if plan.line == "baremetal"}


Item = TypeVar("Item", Metro, Facility, Plan, OperatingSystem)


def find(items: Mapping[str, Item], name: str) -> Item | None:
    """The item of this slug or code, or else of this id."""
    return items.get(name) or next((item for item in items.values() if item.id == name), None)


@cache
def load() -> Catalogue:
    """The catalogue that comes with packetd."""
    content = Path(__file__).with_name("catalogue.yaml").read_bytes()
    return Catalogue(msgspec.yaml.decode(content, type=_File))
