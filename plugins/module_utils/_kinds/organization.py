# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organization: what projects and people belong to.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .._info import everywhere
from .._packet.client import Client
from .._packet.connection import OPTIONS, Connection
from .._packet.paging import Item, everything
from .._reconcile import Attributes, Normalise, ResourceError
from .election import make_once
from .links import id_of
from .names import body, check_name
from .references import meant, pick

ADDRESS = ("address", "zip_code", "city", "state", "country")


class Organization:
    """One organization, known by its name or, for a new name, by its id."""

    name: ClassVar[str] = "organization"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "name": {"type": "str"},
        "id": {"type": "str"},
        "description": {"type": "str"},
        "website": {"type": "str"},
        "twitter": {"type": "str"},
        "logo": {"type": "str"},
        "address": {"type": "dict", "options": {part: {"type": "str"} for part in ADDRESS}},
        "custom_data": {"type": "dict"},
    }
    rules: ClassVar[Mapping[str, Any]] = {"required_one_of": [("name", "id")]}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for a name that the API does not take."""
        self._client = client
        self._params = params
        self._id: str | None = params.get("id")
        self._name: str | None = params.get("name")
        check_name("organization", self._name)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Organization:
        """The organization that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        names = ("name", "description", "website", "twitter", "logo", "custom_data")
        wanted: Attributes = {name: self._params.get(name) for name in names}
        address = self._params.get("address")
        return wanted | {"address": None if address is None else _address(address)}

    def find(self) -> Attributes | None:
        """Looks through all organizations that the token can see."""
        found = pick("organization", self._id or self._name or "", self._all())
        return attributes(found) if found else None

    def create(self, wanted: Attributes) -> Attributes:
        """Makes it. An id is given by the API, so one that does not exist cannot be made."""
        if self._id:
            raise ResourceError(
                f"organization {self._id} does not exist; leave out the id to make a new organization"
            )
        name = wanted["name"]
        made = make_once(
            f"organization {name!r}",
            lambda: self._client.call_api("organizations", "POST", body(wanted)),
            lambda: meant(name, self._all()),
            self.delete,
        )
        return attributes(made)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Renames it or changes what is said of it."""
        return attributes(self._client.call_api(f"organizations/{found['id']}", "PATCH", body(changes)))

    def delete(self, found: Attributes) -> None:
        """Removes it; the API refuses while it has projects."""
        self._client.remove(f"organizations/{found['id']}")

    def _all(self) -> list[Item]:
        return everything(self._client, "organizations", "organizations")


def attributes(organization: Item) -> Attributes:
    """An organization of the API as a flat dictionary."""
    return {
        "id": organization["id"],
        "name": organization["name"],
        "description": organization.get("description") or "",
        "website": organization.get("website") or "",
        "twitter": organization.get("twitter") or "",
        "logo": organization.get("logo") or "",
        "address": _address(organization.get("address") or {}),
        "custom_data": organization.get("customdata") or {},
        "project_ids": [id_of(item) for item in organization.get("projects") or []],
    }


def _address(address: Mapping[str, Any]) -> dict[str, Any]:
    """Without the parts that are empty, which the API fills in."""
    return {part: address[part] for part in ADDRESS if address.get(part)}


INFO = everywhere("organizations", "organizations", "organizations", attributes)
