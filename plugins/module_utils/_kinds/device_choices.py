# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is chosen for a device when it is ordered: a reserved machine, keys, addresses.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from .._packet.client import Client
from .._packet.paging import Item, everything
from .._reconcile import Attributes, ResourceError
from .ip_reservation import reserved
from .references import Home, is_id, pick

NEXT_AVAILABLE = "next-available"
"""As hardware_reservation_id: any of the project's reserved machines that fits."""

LEVELS = ("required", "preferred")
"""What may be said of a feature."""

CHOICES: dict[str, Any] = {
    "ip_addresses": {
        "type": "list",
        "elements": "dict",
        "options": {
            "address_family": {"type": "int", "choices": [4, 6], "default": 4},
            "public": {"type": "bool", "default": True},
            "cidr": {"type": "int"},
            "ip_reservations": {"type": "list", "elements": "str"},
        },
    },
    "public_ipv4_subnet_size": {"type": "int", "choices": [28, 29, 30, 31, 32]},
    # What they name is public.
    "project_ssh_keys": {"type": "list", "elements": "str", "no_log": False},
    "user_ssh_keys": {"type": "list", "elements": "str", "no_log": False},
    "no_ssh_keys": {"type": "bool"},
}


def check_choices(hostname: str, order: Attributes) -> None:
    """Raises ResourceError for what cannot be, whatever there is in the project."""
    what = f"device {hostname}:"
    if order["no_ssh_keys"] and (order["project_ssh_keys"] or order["user_ssh_keys"]):
        raise ResourceError(f"{what} no_ssh_keys leaves no room for project_ssh_keys and user_ssh_keys")
    if order["spot_price_max"] is not None and not order["spot_instance"]:
        raise ResourceError(f"{what} spot_price_max is for a spot_instance; set that too")
    if order["public_ipv4_subnet_size"] is not None and order["ip_addresses"]:
        raise ResourceError(
            f"{what} public_ipv4_subnet_size and ip_addresses are both given; the latter says it all (cidr)"
        )
    machine = order["hardware_reservation_id"]
    if machine is not None and machine != NEXT_AVAILABLE and not is_id(machine):
        raise ResourceError(
            f"{what} hardware_reservation_id {machine!r} is not valid; allowed are {NEXT_AVAILABLE} and the "
            "id of a reservation (hardware_reservation_info lists them)"
        )
    for feature, level in (order["features"] or {}).items():
        if level not in LEVELS:
            raise ResourceError(
                f"{what} features: {feature} {level!r} is not valid; allowed are {', '.join(LEVELS)}"
            )


class Choices:
    """The keys and addresses of a project and the user, by the names that orders give them."""

    def __init__(self, client: Client, home: Home) -> None:
        self._client = client
        self._home = home

    def check(self, orders: Mapping[str, Attributes]) -> None:
        """Raises ResourceError for what orders name that is not there. It may come with the project."""
        if self._home.id:
            for hostname, order in orders.items():
                self.body(hostname, order)
                self._check_machine(f"device {hostname}:", order["hardware_reservation_id"])

    def body(self, hostname: str, order: Attributes) -> dict[str, Any]:
        """What to send with an order, under the names that the API has for it."""
        what = f"device {hostname}:"
        sent = {
            "public_ipv4_subnet_size": order["public_ipv4_subnet_size"],
            "no_ssh_keys": order["no_ssh_keys"],
            "project_ssh_keys": self._ids(f"{what} project_ssh_keys", order["project_ssh_keys"]),
            "user_ssh_keys": self._ids(f"{what} user_ssh_keys", order["user_ssh_keys"]),
            "ip_addresses": self._addresses(f"{what} ip_addresses", order["ip_addresses"]),
        }
        if order["hardware_reservation_id"] == NEXT_AVAILABLE:
            sent["hardware_reservation_id"] = NEXT_AVAILABLE
        return {name: value for name, value in sent.items() if value is not None}

    def _check_machine(self, what: str, id_: str | None) -> None:
        if id_ is None or id_ == NEXT_AVAILABLE or id_ in {machine["id"] for machine in self._machines}:
            return
        free = [machine["id"] for machine in self._machines if machine.get("provisionable")]
        raise ResourceError(
            f"{what} hardware_reservation_id {id_} is not there; these are free: {', '.join(free) or 'none'}"
        )

    def _ids(self, what: str, references: list[str] | None) -> list[str] | None:
        """Of keys; the API takes those of users in place of keys too."""
        if references is None:
            return None
        known = self._project_keys if what.endswith("project_ssh_keys") else self._user_keys
        return [
            reference if is_id(reference) else _known(what, reference, known, "label")
            for reference in references
        ]

    def _addresses(self, what: str, addresses: list[Attributes] | None) -> list[dict[str, Any]] | None:
        if addresses is None:
            return None
        return [
            {name: value for name, value in address.items() if value is not None}
            | {"ip_reservations": self._reservation_ids(what, address["ip_reservations"] or [])}
            for address in addresses
        ]

    def _reservation_ids(self, what: str, references: list[str]) -> list[str]:
        return [
            reference if is_id(reference) else _known(what, reference, self._reservations, "subnet")
            for reference in references
        ]

    @cached_property
    def _machines(self) -> list[Item]:
        return self._home.everything("hardware-reservations", "hardware_reservations")

    @cached_property
    def _project_keys(self) -> list[Item]:
        return self._home.everything("ssh-keys", "ssh_keys")

    @cached_property
    def _user_keys(self) -> list[Item]:
        return everything(self._client, "ssh-keys", "ssh_keys")

    @cached_property
    def _reservations(self) -> list[Item]:
        return [
            {**item, "subnet": f"{item['network']}/{item['cidr']}"}
            for item in reserved(self._home.everything("ips", "ip_addresses"))
        ]


def _known(what: str, reference: str, items: list[Item], label: str) -> str:
    """The id of what is named. Raises ResourceError that lists what there is."""
    found = pick(what, reference, items, label)
    if found is None:
        names = ", ".join(sorted(str(item[label]) for item in items)) or "none"
        raise ResourceError(f"{what} {reference!r} is not there; there are: {names}")
    return str(found["id"])
