# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the info modules show: lists of objects, as the module of each kind shows one.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._kinds.references import Home
from ._packet.client import Client
from ._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from ._packet.paging import Item, everything
from ._reconcile import Attributes

Search = Callable[[Client, Mapping[str, Any]], list[Attributes]]


@dataclass(frozen=True)
class Info:
    """Objects of the Packet API of one kind. It only reads, so check mode is no matter of its."""

    name: str
    """Under which name they are in the result: vlans, devices, ..."""

    search: Search
    """Gives those that the options ask for. Raises ResourceError."""

    own_options: Mapping[str, Any] = field(default_factory=dict)
    """The argument spec, without the options of the connection."""

    rules: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of AnsibleModule: required_one_of, mutually_exclusive and so on."""

    @property
    def options(self) -> dict[str, Any]:
        """The argument spec."""
        return {**OPTIONS, **self.own_options}

    def find(self, params: Mapping[str, Any]) -> list[Attributes]:
        """Asks the API. Raises ResourceError."""
        return self.search(Client(Connection.from_params(params)), params)


def everywhere(name: str, path: str, key: str, attributes: Callable[[Item], Attributes]) -> Info:
    """All that the token can see at a path of the API, whose answer has them under `key`."""

    def search(client: Client, _params: Mapping[str, Any]) -> list[Attributes]:
        return [attributes(item) for item in everything(client, path, key)]

    return Info(name, search)


def of_project(
    name: str, tail: str, key: str, attributes: Callable[[Item], Attributes], **query: str
) -> Info:
    """All of a project, at `projects/<id>/<tail>`; `query` is sent with the request (include=..., say)."""

    def search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
        path = Home(client, params.get("project")).path(tail)
        return [attributes(item) for item in everything(client, path, key, **query)]

    return Info(name, search, {"project": PROJECT_OPTION})
