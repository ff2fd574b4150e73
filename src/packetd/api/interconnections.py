# SPDX-License-Identifier: GPL-3.0-or-later
"""Interconnections with other networks, and VRFs. There are none: nothing leads from here to a provider.

So lists of them are empty, none is found, and none can be made.
"""

from __future__ import annotations

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import text
from packetd.api.paging import paged_items
from packetd.api.routes import Listing, get, post
from packetd.api.views import Document, Reference
from packetd.store.tables import Organization, Project

PROVIDER = text("provider_id", "The provider that leads to another network", required=True)
PROJECT = text("project_id", "The project that it is for", required=True)


def _none(call: Call, name: str) -> Document:
    nothing: list[Reference] = []
    return paged_items(call, name, nothing, lambda item: item, size=10)


def of_project(call: Call) -> Document:
    """The interconnections of a project."""
    call.get(Project)
    return _none(call, "interconnections")


def of_organization(call: Call) -> Document:
    """The interconnections of an organization."""
    call.get(Organization)
    return _none(call, "interconnections")


def vrfs(call: Call) -> Document:
    """The VRFs of a project."""
    call.get(Project)
    return _none(call, "vrfs")


def providers(call: Call) -> Document:
    """The providers that Packet Connect leads to."""
    return _none(call, "providers")


def connections(call: Call) -> Document:
    """The connections of Packet Connect."""
    return _none(call, "connections")


def connect(call: Call) -> None:
    """Refuse a connection of Packet Connect, as there is no provider."""
    provider, project = PROVIDER.read(call.body), PROJECT.read(call.body)
    call.body.check()
    call.get(Project, project)
    raise InvalidError(f"provider_id {provider!r} is no provider: packetd is connected to none")


routes = [
    get("/projects/{id}/connections", of_project, gives=Listing("interconnections", Reference)),
    get("/organizations/{id}/connections", of_organization, gives=Listing("interconnections", Reference)),
    get("/projects/{id}/vrfs", vrfs, gives=Listing("vrfs", Reference)),
    get("/packet-connect/providers", providers, gives=Listing("providers", Reference)),
    get("/packet-connect/connections", connections, gives=Listing("connections", Reference)),
    post("/packet-connect/connections", connect, takes=(PROVIDER, PROJECT)),
]
