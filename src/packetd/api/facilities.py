# SPDX-License-Identifier: GPL-3.0-or-later
"""Facilities: the data centres."""

from __future__ import annotations

from typing import TypedDict

from packetd.api.calls import Call
from packetd.api.errors import NotFoundError
from packetd.api.metros import metro_link
from packetd.api.routes import Listing, get
from packetd.api.views import Document, Link, Reference
from packetd.model.catalogue import Facility, find
from packetd.store.tables import Organization, Project

_FEATURES = ["baremetal", "layer_2", "backend_transfer", "global_ipv4", "ibx"]
# Clients of Packet look for it before they make volumes; those of Equinix Metal, which had none, refuse it.
_PACKETS_FEATURES = [*_FEATURES, "storage"]


class FacilityView(TypedDict):
    """A data centre."""

    id: str
    name: str
    code: str
    features: list[str]
    address: Reference
    ip_ranges: list[str]
    metro: Link
    href: str


def facility_link(call: Call, facility: Facility, *, expanded: bool = False) -> Link:
    return Link(_href(call, facility), lambda: show_facility(call, facility), expanded=expanded, fixed=True)


def _features(call: Call) -> list[str]:
    with_volumes = not call.prefix and call.context.driver.block_storage is not None
    return _PACKETS_FEATURES if with_volumes else _FEATURES


def show_facility(call: Call, facility: Facility) -> FacilityView:
    return {
        "id": facility.id,
        "name": facility.name,
        "code": facility.code,
        "features": _features(call),
        "address": {"href": "#"},
        "ip_ranges": [str(call.context.driver.network.public)],
        "metro": metro_link(call, call.context.catalogue.metros[facility.metro], expanded=True),
        "href": _href(call, facility),
    }


def _href(call: Call, facility: Facility) -> str:
    return call.href(f"/facilities/{facility.id}")


def index(call: Call) -> Document:
    """All facilities."""
    facilities = call.context.catalogue.facilities.values()
    return call.show_all("facilities", [show_facility(call, facility) for facility in facilities])


def of_project(call: Call) -> Document:
    """The facilities that a project can use."""
    call.get(Project)
    return index(call)


def of_organization(call: Call) -> Document:
    """The facilities that an organization can use."""
    call.get(Organization)
    return index(call)


def show(call: Call) -> Document:
    """One facility, by its id or code."""
    facility = find(call.context.catalogue.facilities, call.id)
    if facility is None:
        raise NotFoundError
    return call.show(show_facility(call, facility))


_LIST = Listing("facilities", FacilityView, paged=False)
routes = [
    get("/facilities", index, gives=_LIST),
    get("/facilities/{id}", show, gives=FacilityView),
    get("/projects/{id}/facilities", of_project, gives=_LIST),
    get("/organizations/{id}/facilities", of_organization, gives=_LIST),
]
