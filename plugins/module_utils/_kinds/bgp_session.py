# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BGP session: a device that peers with the network that it is on.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from .._info import Info
from .._packet.client import Client
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.paging import Item, everything
from .._reconcile import Attributes, Normalise
from .election import make_once
from .links import id_of
from .references import Home


class BgpSession:
    """The session of a device for one family of addresses."""

    name: ClassVar[str] = "bgp_session"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "project": PROJECT_OPTION,
        "device": {"type": "str", "required": True},
        "address_family": {"type": "str", "choices": ["ipv4", "ipv6"], "default": "ipv4"},
        "default_route": {"type": "bool"},
    }
    rules: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError without a project."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._device_reference: str = params["device"]
        self._family: str = params["address_family"]
        self._default_route: bool | None = params.get("default_route")

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> BgpSession:
        """The session that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        device = [] if self._device else [f"the device {self._device_reference!r} does not exist yet"]
        return self._home.warnings or device

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        return {"address_family": self._family, "default_route": self._default_route}

    def find(self) -> Attributes | None:
        """Looks through the sessions of the device; it has at most one for a family."""
        if not self._device:
            return None
        found = self._of(self._device)
        return attributes(found[0]) if found else None

    def create(self, wanted: Attributes) -> Attributes:
        """Has the device peer; the API refuses before the project has a configuration for BGP."""
        device = self._home.existing_device(self._device_reference)
        path = f"devices/{device['id']}/bgp/sessions"
        made = make_once(
            f"bgp_session of {self._device_reference!r}",
            lambda: self._client.call_api(path, "POST", wanted),
            lambda: self._of(device),
            self.delete,
        )
        return attributes(made)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Changes whether the device is told a default route."""
        return attributes(self._client.call_api(f"bgp/sessions/{found['id']}", "PATCH", changes))

    def delete(self, found: Attributes) -> None:
        """Ends it."""
        self._client.remove(f"bgp/sessions/{found['id']}")

    def _of(self, device: Item) -> list[Item]:
        sessions = everything(self._client, f"devices/{device['id']}/bgp/sessions", "bgp_sessions")
        return [session for session in sessions if session["address_family"] == self._family]

    @cached_property
    def _device(self) -> Item | None:
        return self._home.device(self._device_reference)


def attributes(session: Item) -> Attributes:
    """A session of the API as a flat dictionary."""
    return {
        "id": session["id"],
        "device_id": id_of(session.get("device")),
        "address_family": session["address_family"],
        "default_route": bool(session.get("default_route")),
        "status": session.get("status"),
        "learned_routes": list(session.get("learned_routes") or []),
    }


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    home = Home(client, params.get("project"))
    of = f"devices/{home.existing_device(params['device'])['id']}" if params.get("device") else ""
    path = f"{of}/bgp/sessions" if of else home.path("bgp/sessions")
    return [attributes(session) for session in everything(client, path, "bgp_sessions")]


INFO = Info("bgp_sessions", _search, {"project": PROJECT_OPTION, "device": {"type": "str"}})
