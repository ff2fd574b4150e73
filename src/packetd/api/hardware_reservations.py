# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware reservations: machines that are kept for a project. An operator makes them (packetd hardware)."""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import selectinload

from packetd.api.calls import Call
from packetd.api.device_views import device_link
from packetd.api.errors import InvalidError
from packetd.api.facilities import facility_link
from packetd.api.fields import text
from packetd.api.paging import paged
from packetd.api.plans import plan_link
from packetd.api.projects import project_link
from packetd.api.routes import Listing, get, post
from packetd.api.views import Document, Link
from packetd.model.moments import moment
from packetd.store.placement import provisionable
from packetd.store.tables import HardwareReservation, Project, now

PROJECT = text("project_id", "Id of the project that shall have it", required=True)
DESCRIPTION = text("description", "What it is for")
_ASKS = {
    "query": "Beginning of its id, or its plan or facility",
    "state": "active, spare or need_of_service",
    "provisionable": "only: those that a device can be made on now",
}


class HardwareReservationView(TypedDict):
    """A machine that is kept for a project."""

    id: str
    short_id: str
    plan: Link
    facility: Link
    project: Link
    device: Link | None
    provisionable: bool
    spare: bool
    need_of_service: bool
    description: str | None
    switch_uuid: str
    billing_cycle: str
    intervals: int
    current_period: int
    custom_rate: float
    started_at: str | None
    remove_at: str | None
    created_at: str | None
    href: str


def hardware_reservation_link(call: Call, reservation_id: str) -> Link:
    return Link(
        call.href(f"/hardware-reservations/{reservation_id}"),
        lambda: show_hardware_reservation(call, call.get(HardwareReservation, reservation_id)),
    )


def show_hardware_reservation(call: Call, reservation: HardwareReservation) -> HardwareReservationView:
    catalogue = call.context.catalogue
    return {
        "id": reservation.id,
        "short_id": reservation.id[:8],
        "plan": plan_link(call, catalogue.plans[reservation.plan], expanded=True),
        "facility": facility_link(call, catalogue.facilities[reservation.facility], expanded=True),
        "project": project_link(call, reservation.project_id),
        "device": device_link(call, reservation.device) if reservation.device else None,
        "provisionable": provisionable(reservation, now()),
        "spare": reservation.spare,
        "need_of_service": reservation.need_of_service,
        "description": reservation.description,
        "switch_uuid": reservation.id[:8],
        "billing_cycle": "monthly",
        "intervals": 1,
        "current_period": 1,
        "custom_rate": 0.0,
        "started_at": moment(reservation.created_at),
        "remove_at": None,
        "created_at": moment(reservation.created_at),
        "href": call.href(f"/hardware-reservations/{reservation.id}"),
    }


def of_project(call: Call) -> Document:
    """The hardware reservations of a project."""
    held = select(HardwareReservation).where(HardwareReservation.project_id == call.get(Project).id)
    return paged(
        call,
        "hardware_reservations",
        _filtered(call, held)
        .options(selectinload(HardwareReservation.device))
        .order_by(HardwareReservation.created_at, HardwareReservation.id),
        lambda rows: [show_hardware_reservation(call, row) for row in rows],
    )


def _filtered(call: Call, held: Select[HardwareReservation]) -> Select[HardwareReservation]:
    table = HardwareReservation
    if query := call.query.get("query"):
        same = table.id.startswith(query, autoescape=True)
        held = held.where(or_(same, table.plan == query, table.facility == query))
    if state := call.query.get("state"):
        states = {
            "active": table.device.has(),
            "spare": table.spare,
            "need_of_service": table.need_of_service,
        }
        if state not in states:
            raise InvalidError(f"state {state!r} is not valid; allowed are {', '.join(states)}")
        held = held.where(states[state])
    if call.query.get("provisionable") == "only":
        rested = or_(table.rested_at.is_(None), table.rested_at <= now())
        held = held.where(~table.device.has(), ~table.spare, ~table.need_of_service, rested)
    return held


def show(call: Call) -> Document:
    """One hardware reservation."""
    return call.show(show_hardware_reservation(call, call.get(HardwareReservation)))


def move(call: Call) -> Document:
    """Give a hardware reservation to another project."""
    reservation = call.get(HardwareReservation)
    project_id = PROJECT.read(call.body)
    call.body.check()
    if reservation.device is not None:
        raise InvalidError(
            f"Cannot move a hardware reservation that device {reservation.device.hostname} is on;"
            " delete the device first"
        )
    reservation.project_id = call.get(Project, project_id).id
    call.session.flush()
    return call.show(show_hardware_reservation(call, reservation))


def activate(call: Call) -> Document:
    """Make a spare one usable."""
    reservation = call.get(HardwareReservation)
    if not reservation.spare:
        raise InvalidError("Cannot activate a hardware reservation that is no spare")
    reservation.spare = False
    reservation.description = DESCRIPTION.read(call.body) or reservation.description
    call.body.check()
    call.session.flush()
    return call.show(show_hardware_reservation(call, reservation))


routes = [
    get(
        "/projects/{id}/hardware-reservations",
        of_project,
        gives=Listing("hardware_reservations", HardwareReservationView),
        asks=_ASKS,
    ),
    get("/hardware-reservations/{id}", show, gives=HardwareReservationView),
    post("/hardware-reservations/{id}/move", move, takes=(PROJECT,), gives=HardwareReservationView),
    post(
        "/hardware-reservations/{id}/activate", activate, takes=(DESCRIPTION,), gives=HardwareReservationView
    ),
]
