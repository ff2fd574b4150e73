# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project: what devices, keys and addresses belong to.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from .._info import Info
from .._packet.client import Client
from .._packet.connection import OPTIONS, Connection
from .._packet.paging import Item, everything
from .._reconcile import Attributes, Normalise, ResourceError
from .election import make_once
from .filters import named
from .links import id_of
from .names import body, check_name
from .references import meant, pick


class Project:
    """One project, known by its name or, for a new name, by its id."""

    name: ClassVar[str] = "project"
    immutable: ClassVar[frozenset[str]] = frozenset({"organization_id"})
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "name": {"type": "str"},
        "id": {"type": "str"},
        "organization": {"type": "str"},
        "payment_method": {"type": "str"},
        "backend_transfer_enabled": {"type": "bool"},
        "custom_data": {"type": "dict"},
    }
    rules: ClassVar[Mapping[str, Any]] = {"required_one_of": [("name", "id")]}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for a name that the API does not take."""
        self._client = client
        self._id: str | None = params.get("id")
        self._name: str | None = params.get("name")
        self._params = params
        check_name("project", self._name)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Project:
        """The project that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    def wanted(self) -> Attributes:
        """The attributes that the options ask for. Raises ResourceError for names of what is not there."""
        return {
            "name": self._name,
            "organization_id": self._organization_id,
            "payment_method_id": self._payment_method_id,
            "backend_transfer_enabled": self._params.get("backend_transfer_enabled"),
            "custom_data": self._params.get("custom_data"),
        }

    def find(self) -> Attributes | None:
        """Looks through all projects that the token can see."""
        found = pick("project", self._id or self._name or "", self._all())
        return _attributes(found) if found else None

    def create(self, wanted: Attributes) -> Attributes:
        """Makes it. An id is given by the API, so one that does not exist cannot be made."""
        if self._id:
            raise ResourceError(f"project {self._id} does not exist; leave out the id to make a new project")
        name = wanted["name"]
        made = make_once(
            f"project {name!r}",
            lambda: self._client.call_api("projects", "POST", body(wanted)),
            lambda: meant(name, self._all()),
            self.delete,
        )
        return _attributes(made)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Renames it or changes what is said of it."""
        return _attributes(self._client.call_api(f"projects/{found['id']}", "PATCH", body(changes)))

    def delete(self, found: Attributes) -> None:
        """Removes it; the API refuses while anything is in it."""
        self._client.remove(f"projects/{found['id']}")

    @cached_property
    def _organization_id(self) -> str | None:
        reference = self._params.get("organization")
        return self._known("organization", reference, "organizations", "organizations") if reference else None

    @cached_property
    def _payment_method_id(self) -> str | None:
        reference = self._params.get("payment_method")
        if not reference:
            return None
        organization = (
            self._organization_id
            or (self.find() or {}).get("organization_id")
            or self._client.call_api("user")["default_organization_id"]
        )
        path = f"organizations/{organization}/payment-methods"
        return self._known("payment_method", reference, path, "payment_methods")

    def _known(self, option: str, reference: str, path: str, key: str) -> str:
        """The id of what an option names. Raises ResourceError that lists what there is."""
        items = everything(self._client, path, key)
        found = pick(option, reference, items)
        if found is None:
            names = ", ".join(sorted(item["name"] for item in items)) or "none"
            raise ResourceError(f"project: {option} {reference!r} is not there; the token sees: {names}")
        return str(found["id"])

    def _all(self) -> list[Item]:
        """Those that may be meant; by name only those with it in theirs, as each comes with its devices."""
        asked = {"name": self._name} if self._name and not self._id else {}
        return everything(self._client, "projects", "projects", **asked)


def _attributes(project: Item) -> Attributes:
    return {
        "id": project["id"],
        "name": project["name"],
        "organization_id": id_of(project.get("organization")),
        "payment_method_id": id_of(project.get("payment_method")),
        "backend_transfer_enabled": bool(project.get("backend_transfer_enabled")),
        "custom_data": project.get("customdata") or {},
    }


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    projects = map(_attributes, everything(client, "projects", "projects"))
    return [project for project in projects if named(project, "name", params["names"])]


PROJECTS = Info("projects", _search, {"names": {"type": "list", "elements": "str"}})
