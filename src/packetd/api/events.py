# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened: to everything of the user, or to a device, a project, an organization."""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import Select

from packetd.api.calls import Call
from packetd.api.paging import paged
from packetd.api.routes import Listing, get
from packetd.api.users import maker_link
from packetd.api.views import Document, Link, Reference
from packetd.model.moments import moment
from packetd.store.tables import Device, Event, Organization, Project, Volume


class EventView(TypedDict):
    """What happened once."""

    id: str
    type: str
    state: str
    body: str
    interpolated: str
    ip: str | None
    # A reference, or {} when nobody did it: no schema of a union with a type of our own can be made.
    modified_by: Link | None
    relationships: list[Reference]
    created_at: str | None
    href: str


def show_event(call: Call, event: Event) -> EventView:
    related = (
        ("devices", event.device_id),
        ("storage", event.volume_id),
        ("projects", event.project_id),
        ("organizations", event.organization_id),
    )
    return {
        "id": event.id,
        "type": event.type,
        "state": "active",
        "body": event.body,
        "interpolated": event.body,
        "ip": event.ip,
        "modified_by": maker_link(call, event.user_id),
        "relationships": [{"href": call.href(f"/{kind}/{id_}")} for kind, id_ in related if id_],
        "created_at": moment(event.created_at),
        "href": call.href(f"/events/{event.id}"),
    }


def events_page(call: Call, events: Select[Event]) -> Document:
    """A page of events, the latest first."""
    if types := [name for names in call.query.getlist("type") for name in names.split(",") if name]:
        events = events.where(Event.type.in_(types))
    return paged(
        call,
        "events",
        events.order_by(Event.serial.desc()),
        lambda rows: [show_event(call, row) for row in rows],
    )


def index(call: Call) -> Document:
    """What happened to all that the caller may see."""
    return events_page(call, call.visible(Event))


def show(call: Call) -> Document:
    """One event."""
    return call.show(show_event(call, call.get(Event)))


def of_device(call: Call) -> Document:
    """What happened to a device."""
    return events_page(call, call.visible(Event).where(Event.device_id == call.get(Device).id))


def of_project(call: Call) -> Document:
    """What happened in a project."""
    return events_page(call, call.visible(Event).where(Event.project_id == call.get(Project).id))


def of_organization(call: Call) -> Document:
    """What happened in an organization, outside of its projects."""
    return events_page(call, call.visible(Event).where(Event.organization_id == call.get(Organization).id))


def of_volume(call: Call) -> Document:
    """What happened to a volume."""
    return events_page(call, call.visible(Event).where(Event.volume_id == call.get(Volume).id))


LISTING = Listing("events", EventView)
ASKS = {"type": "Types of events, for example provisioning.110"}
routes = [
    get("/events", index, gives=LISTING, asks=ASKS),
    get("/events/{id}", show, gives=EventView),
    get("/devices/{id}/events", of_device, gives=LISTING, asks=ASKS),
    get("/projects/{id}/events", of_project, gives=LISTING, asks=ASKS),
    get("/organizations/{id}/events", of_organization, gives=LISTING, asks=ASKS),
    # Clients of volumes are divided over both.
    get("/storage/{id}/events", of_volume, gives=LISTING, asks=ASKS),
    get("/volumes/{id}/events", of_volume, gives=LISTING, asks=ASKS),
]
