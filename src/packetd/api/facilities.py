# SPDX-License-Identifier: GPL-3.0-or-later
"""Facilities: the data centres."""

from __future__ import annotations

from packetd.api.calls import Call, get
from packetd.api.metros import show_metro
from packetd.api.views import Document
from packetd.model.catalogue import Facility
from packetd.store.tables import Organization, Project

_FEATURES = ["baremetal", "layer_2", "backend_transfer", "global_ipv4", "ibx"]


def show_facility(call: Call, facility: Facility) -> Document:
    return {
        "id": facility.id,
        "name": facility.name,
        "code": facility.code,
        "features": _FEATURES,
        "address": {"href": "#"},
        "ip_ranges": [],
        "metro": show_metro(call.context.catalogue.metros[facility.metro]),
    }


def index(call: Call) -> Document:
    facilities = call.context.catalogue.facilities.values()
    return call.show_all("facilities", [show_facility(call, facility) for facility in facilities])


def of_project(call: Call) -> Document:
    call.get(Project)
    return index(call)


def of_organization(call: Call) -> Document:
    call.get(Organization)
    return index(call)


routes = [
    get("/facilities", index),
    get("/projects/{id}/facilities", of_project),
    get("/organizations/{id}/facilities", of_organization),
]
