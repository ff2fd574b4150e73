# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual network: layer 2 for the devices of a project, to whose ports it is assigned.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .._info import of_project
from .._packet.client import Client
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.paging import Item
from .._reconcile import Attributes, Normalise, ResourceError
from .election import make_once
from .links import id_of
from .references import WHILE_MADE, Home

LOWEST, HIGHEST = 2, 3999


class Vlan:
    """One virtual network, known by its id, else by its number, else by its description, and its place."""

    name: ClassVar[str] = "vlan"
    immutable: ClassVar[frozenset[str]] = frozenset({"vxlan", "metro", "facility"})
    normalise: ClassVar[Mapping[str, Normalise]] = {
        "tags": lambda tags: sorted(set(tags)),
        # The API has nothing for an empty one.
        "description": lambda description: description or None,
    }
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "project": PROJECT_OPTION,
        "id": {"type": "str"},
        "vxlan": {"type": "int"},
        "description": {"type": "str"},
        "metro": {"type": "str"},
        "facility": {"type": "str"},
        "tags": {"type": "list", "elements": "str"},
    }
    rules: ClassVar[Mapping[str, Any]] = {
        "required_one_of": [("id", "vxlan", "description")],
        "mutually_exclusive": [("metro", "facility")],
    }

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for options that cannot be."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._params = params
        number: int | None = params.get("vxlan")
        if number is not None and not LOWEST <= number <= HIGHEST:
            raise ResourceError(f"vlan: vxlan {number} is not valid; allowed are {LOWEST} to {HIGHEST}")
        if not (params.get("id") or number or params.get("description")):
            raise ResourceError("vlan: nothing says which one; give id, vxlan or a description")

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Vlan:
        """The virtual network that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        return self._home.warnings

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        names = ("vxlan", "metro", "facility", "description", "tags")
        return {name: self._params.get(name) for name in names}

    def find(self) -> Attributes | None:
        """Looks through those of the project. Raises ResourceError if it is missing and cannot be made."""
        found = _only(self._meant(), self._label, self._known_by)
        if found is None and self._params["state"] == "present":
            self._refuse_to_make()
        return attributes(found) if found else None

    def create(self, wanted: Attributes) -> Attributes:
        """Makes it. Without a number the API chooses one."""
        path = self._home.path("virtual-networks")
        made = make_once(
            f"vlan {self._label}",
            lambda: self._client.call_api(path, "POST", wanted),
            self._meant,
            self.delete,
        )
        return attributes(made)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Changes what is said of it."""
        return attributes(self._client.call_api(f"virtual-networks/{found['id']}", "PATCH", changes))

    def delete(self, found: Attributes) -> None:
        """Removes it; the API refuses while a port or a gateway is in it."""
        self._client.remove(f"virtual-networks/{found['id']}")

    @property
    def _known_by(self) -> Attributes:
        """What the one that is meant has. What is only to be compared is not among it."""
        given = {name: value for name, value in self._params.items() if value}
        if "id" in given:
            return {"id": given["id"]}
        name = "vxlan" if "vxlan" in given else "description"
        return {key: given[key] for key in (name, "metro", "facility") if key in given}

    def _meant(self) -> list[Item]:
        vlans = self._home.everything("virtual-networks", "virtual_networks")
        return [vlan for vlan in vlans if self._known_by.items() <= attributes(vlan).items()]

    @property
    def _label(self) -> str:
        return repr(next(iter(self._known_by.values())))

    def _refuse_to_make(self) -> None:
        if self._params.get("id"):
            raise ResourceError(
                f"vlan {self._params['id']} does not exist in the project; leave out the id to make a new one"
            )
        if not (self._params.get("metro") or self._params.get("facility")):
            raise ResourceError(f"vlan {self._label} does not exist; give metro or facility to make it")


def attributes(vlan: Item) -> Attributes:
    """A virtual network of the API as a flat dictionary."""
    devices = [id_of(instance) for instance in vlan.get("instances") or []]
    return {
        "id": vlan["id"],
        "vxlan": vlan["vxlan"],
        "description": vlan.get("description"),
        "metro": vlan.get("metro_code"),
        "facility": vlan.get("facility_code"),
        "tags": list(vlan.get("tags") or []),
        "device_ids": sorted(set(devices)),
    }


def _only(vlans: Sequence[Item], label: str, known: Attributes) -> Item | None:
    """The single one, None where there is none. Raises ResourceError that names all where there are more."""
    if len(vlans) > 1:
        ids = ", ".join(sorted(vlan["id"] for vlan in vlans))
        remedy = "give its metro or facility, or the id" if len(known) == 1 else "give the id"
        raise ResourceError(f"vlan {label} is ambiguous: {ids} are such; {remedy}, or {WHILE_MADE}")
    return vlans[0] if vlans else None


INFO = of_project("vlans", "virtual-networks", "virtual_networks", attributes)
