# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reservation of elastic addresses: they belong to a project and can move from device to device.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .._info import Info
from .._packet.client import Client, all_of
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.paging import Item, everything
from .._reconcile import Attributes, Normalise, Plan, ResourceError
from .election import make_once
from .filters import fits, named, query
from .links import id_of, part
from .names import body
from .references import Home, only

TYPES = ("public_ipv4", "global_ipv4")
QUANTITIES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class IpReservation:
    """One reservation. It has no name, so it is known by its tags, its type and, where given, its place."""

    name: ClassVar[str] = "ip_reservation"
    immutable: ClassVar[frozenset[str]] = frozenset({"quantity"})
    normalise: ClassVar[Mapping[str, Normalise]] = {"tags": lambda tags: sorted(set(tags))}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "project": PROJECT_OPTION,
        "tags": {"type": "list", "elements": "str", "required": True},
        "type": {"type": "str", "choices": list(TYPES), "default": "public_ipv4"},
        "quantity": {"type": "int", "choices": list(QUANTITIES), "default": 1},
        "metro": {"type": "str"},
        "facility": {"type": "str"},
        "details": {"type": "str"},
        "custom_data": {"type": "dict"},
        "replace": {"type": "bool", "default": False},
    }
    rules: ClassVar[Mapping[str, Any]] = {"mutually_exclusive": [("metro", "facility")]}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for options that cannot be."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._params = params
        self.replace: bool = params["replace"]
        if not params["tags"]:
            raise ResourceError(
                "ip_reservation: tags is empty; a reservation is known by them, give at least one"
            )
        if params["state"] == "present" and params["type"] != "global_ipv4" and not self._place:
            raise ResourceError("ip_reservation: give metro or facility; only global_ipv4 has no place")

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> IpReservation:
        """The reservation that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        return self._home.warnings

    @property
    def _place(self) -> dict[str, str]:
        return {name: self._params[name] for name in ("metro", "facility") if self._params.get(name)}

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        names = ("type", "quantity", "metro", "facility", "details", "custom_data")
        # Tags that others have added since are theirs; ours are there, or it would not have been found.
        return {name: self._params.get(name) for name in names}

    def find(self) -> Attributes | None:
        """Looks through all reservations of the project. Raises ResourceError where two could be the one."""
        found = only(self._label, self._meant())
        return attributes(found) if found else None

    def check(self, step: Plan) -> None:
        """Refuses to replace addresses that are in use."""
        if step.replaced and step.before and step.before["assigned_to"]:
            raise ResourceError(
                f"{self._label} is assigned to device {', '.join(step.before['assigned_to'])}; take it away "
                "first (module ip_assignment, state: absent)"
            )

    def create(self, wanted: Attributes) -> Attributes:
        """Reserves addresses; what would need somebody's approval is refused rather than left pending."""
        order = body(wanted) | {"tags": self._params["tags"], "fail_on_approval_required": True}
        path = self._home.path("ips")
        made = make_once(
            self._label, lambda: self._client.call_api(path, "POST", order), self._meant, self.delete
        )
        return attributes(made)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Changes what is said of the reservation, never its addresses."""
        return attributes(self._client.call_api(f"ips/{found['id']}", "PATCH", body(changes)))

    def delete(self, found: Attributes) -> None:
        """Gives the addresses back; the API refuses while one is assigned."""
        self._client.remove(f"ips/{found['id']}")

    @property
    def _label(self) -> str:
        return f"ip_reservation: the one with tags {', '.join(sorted(set(self._params['tags'])))}"

    def _meant(self) -> list[Item]:
        asked = {"type": self._params["type"], **self._place}
        reservations = reserved(self._home.everything("ips", "ip_addresses", include="assignments"))
        return [item for item in reservations if fits(attributes(item), tags=self._params["tags"], **asked)]


def reserved(addresses: list[Item]) -> list[Item]:
    """Those of a project without the blocks from which devices have their own addresses."""
    return [address for address in addresses if not address.get("management")]


def attributes(reservation: Item) -> Attributes:
    """A reservation of the API as a flat dictionary."""
    cidr = reservation["cidr"]
    return {
        "id": reservation["id"],
        "address": reservation.get("address") or reservation["network"],
        "network": reservation["network"],
        "cidr": cidr,
        "type": reservation.get("type"),
        "quantity": reservation.get("quantity") or 2 ** (32 - cidr),
        "metro": part(reservation.get("metro"), "code"),
        "facility": part(reservation.get("facility"), "code"),
        "tags": list(reservation.get("tags") or []),
        "details": reservation.get("details"),
        "custom_data": reservation.get("customdata") or {},
        "state": reservation.get("state"),
        "assigned_to": [
            id_of(assignment.get("assigned_to")) for assignment in reservation.get("assignments") or []
        ],
    }


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    size = params["available"]
    if size is not None and not 24 <= size <= 32:
        raise ResourceError(
            f"ip_reservations: available {size} is no length of a prefix; allowed are 24 to 32"
        )
    path = Home(client, params.get("project")).path("ips")
    sent = query(types=params["type"], include="assignments")
    asked = {name: params[name] for name in ("type", "tags", "metro", "facility")}
    found = map(attributes, reserved(everything(client, path, "ip_addresses", **sent)))
    fitting = [
        reservation
        for reservation in found
        if fits(reservation, **asked) and named(reservation, "address", params["addresses"])
    ]
    return fitting if size is None else _with_available(client, fitting, size)


def _with_available(client: Client, reservations: list[Attributes], size: int) -> list[Attributes]:
    """With their free subnets of this length of prefix; none of those that are smaller."""

    def ask(reservation: Attributes) -> Attributes:
        if reservation["cidr"] > size:
            return reservation | {"available": []}
        answer = client.call_api(f"ips/{reservation['id']}/available", params={"cidr": size})
        return reservation | {"available": answer["available"]}

    return all_of(ask, reservations)


IP_RESERVATIONS = Info(
    "ip_reservations",
    _search,
    {
        "project": PROJECT_OPTION,
        "addresses": {"type": "list", "elements": "str"},
        "type": {"type": "str", "choices": list(TYPES)},
        "tags": {"type": "list", "elements": "str"},
        "metro": {"type": "str"},
        "facility": {"type": "str"},
        "available": {"type": "int"},
    },
)
