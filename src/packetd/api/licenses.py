# SPDX-License-Identifier: GPL-3.0-or-later
"""What is bought by contract, to look at: packetd sells no licences and makes no reservations ahead, so
every list is empty and every id unknown."""

from __future__ import annotations

from typing import TypedDict

from packetd.api.calls import Call
from packetd.api.errors import NotFoundError
from packetd.api.routes import Listing, get
from packetd.api.views import Document, Reference
from packetd.store.tables import Project


class LicenseView(TypedDict):
    """A licence of software that a project holds."""

    id: str
    description: str
    license_key: str
    licensee_product: Reference
    project: Reference
    size: float


class SelfServiceReservationView(TypedDict):
    """Machines that a project reserved for a long time."""

    project_id: str
    organization_id: str
    status: str
    notes: str
    created_at: str | None


def licenses(call: Call) -> Document:
    """The licences of a project."""
    call.get(Project)
    return call.show_all("licenses", [])


def reservations(call: Call) -> Document:
    """The self-service reservations of a project."""
    call.get(Project)
    return call.show_all("reservations", [])


def unknown(call: Call) -> Document:
    """One of them."""
    raise NotFoundError


def unknown_reservation(call: Call) -> Document:
    """One self-service reservation of a project."""
    call.get(Project)
    raise NotFoundError


routes = [
    get("/projects/{id}/licenses", licenses, gives=Listing("licenses", LicenseView, paged=False)),
    get("/licenses/{id}", unknown, gives=LicenseView),
    get(
        "/projects/{id}/self-service/reservations",
        reservations,
        gives=Listing("reservations", SelfServiceReservationView, paged=False),
    ),
    get(
        "/projects/{id}/self-service/reservations/{reservation_id}",
        unknown_reservation,
        gives=SelfServiceReservationView,
    ),
]
