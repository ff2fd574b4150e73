# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project: what devices, keys and addresses belong to.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .._info import Info
from .._packet.client import Client
from .._packet.connection import OPTIONS, Connection
from .._packet.paging import Item, everything
from .._reconcile import Attributes, Normalise, ResourceError
from .election import make_once
from .filters import named
from .names import body, check_name
from .references import meant, pick


class Project:
    """One project, known by its name or, for a new name, by its id."""

    name: ClassVar[str] = "project"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "name": {"type": "str"},
        "id": {"type": "str"},
        "custom_data": {"type": "dict"},
    }
    rules: ClassVar[Mapping[str, Any]] = {"required_one_of": [("name", "id")]}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for a name that the API does not take."""
        self._client = client
        self._id: str | None = params.get("id")
        self._name: str | None = params.get("name")
        self._custom_data: dict[str, Any] | None = params.get("custom_data")
        check_name("project", self._name)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Project:
        """The project that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        return {"name": self._name, "custom_data": self._custom_data}

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
        """Renames it or replaces its custom data."""
        return _attributes(self._client.call_api(f"projects/{found['id']}", "PATCH", body(changes)))

    def delete(self, found: Attributes) -> None:
        """Removes it; the API refuses while anything is in it."""
        self._client.remove(f"projects/{found['id']}")

    def _all(self) -> list[Item]:
        return everything(self._client, "projects", "projects")


def _attributes(project: Item) -> Attributes:
    return {"id": project["id"], "name": project["name"], "custom_data": project.get("customdata") or {}}


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    projects = map(_attributes, everything(client, "projects", "projects"))
    return [project for project in projects if named(project, "name", params["names"])]


PROJECTS = Info("projects", _search, {"names": {"type": "list", "elements": "str"}})
