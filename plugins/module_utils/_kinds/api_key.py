# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API key: a token, of the user to whom ours belongs or of a project.

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
from .references import Home, meant, pick


class ApiKey:
    """One key, known by its description or, where several have it, by its id."""

    name: ClassVar[str] = "api_key"
    # The API makes and removes keys, and never changes them.
    immutable: ClassVar[frozenset[str]] = frozenset({"description", "read_only"})
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "description": {"type": "str"},
        "id": {"type": "str"},
        "read_only": {"type": "bool"},
        "project": {"type": "str"},
        "replace": {"type": "bool", "default": False},
    }
    rules: ClassVar[Mapping[str, Any]] = {"required_one_of": [("description", "id")]}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError where nothing says which key is meant."""
        self._client = client
        self._id: str | None = params.get("id")
        self._description: str | None = params.get("description")
        self._read_only: bool | None = params.get("read_only")
        self._home = Home(client, params["project"]) if params.get("project") else None
        self.replace: bool = params["replace"]
        if self.replace and self._id:
            raise ResourceError(
                f"api_key {self._id}: replace is for keys known by their description, as a new one has "
                "another id; leave out the id"
            )
        if not (self._id or self._description):
            raise ResourceError("api_key: description is empty; a key is known by it")

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> ApiKey:
        """The key that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        return self._home.warnings if self._home else []

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        return {"description": self._description, "read_only": self._read_only}

    def find(self) -> Attributes | None:
        """Looks through all keys of the project or the user."""
        found = pick("api_key", self._id or self._description or "", self._all(), label="description")
        return attributes(found) if found else None

    def create(self, wanted: Attributes) -> Attributes:
        """Makes it. This answer alone tells its token; of a key that another run has made it is not known."""
        if self._id:
            raise ResourceError(f"api_key {self._id} does not exist; leave out the id to make a new key")
        path = self._home.path("api-keys") if self._home else "user/api-keys"
        description = wanted["description"]
        made = make_once(
            f"api_key {description!r}",
            lambda: self._client.call_api(path, "POST", wanted),
            lambda: meant(description, self._all(), label="description"),
            self.delete,
        )
        return attributes(made) | {name: made[name] for name in ("token",) if name in made}

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Raises ResourceError: all that could be changed is immutable."""
        raise ResourceError(f"api_key {found['id']}: the API does not change keys")

    def delete(self, found: Attributes) -> None:
        """Ends it at once."""
        path = "api-keys" if self._home else "user/api-keys"
        self._client.remove(f"{path}/{found['id']}")

    def _all(self) -> list[Item]:
        if self._home:
            return self._home.everything("api-keys", "api_keys")
        return everything(self._client, "user/api-keys", "api_keys")


def attributes(key: Item) -> Attributes:
    """A key of the API as a flat dictionary, without its token."""
    return {
        "id": key["id"],
        "description": key.get("description") or "",
        "read_only": bool(key.get("read_only")),
        "created_at": key.get("created_at"),
    }


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    project = params.get("project")
    path = Home(client, project).path("api-keys") if project else "user/api-keys"
    return [attributes(key) for key in everything(client, path, "api_keys")]


INFO = Info("api_keys", _search, {"project": {"type": "str"}})
