# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened, to everything, a device or a project."""

from __future__ import annotations

from sqlalchemy import Select, select

from packetd.api.calls import Call, get
from packetd.api.paging import paged
from packetd.api.views import Document
from packetd.model.moments import moment
from packetd.store.tables import Device, Event, Project


def show_event(call: Call, event: Event) -> Document:
    related = [("devices", event.device_id), ("projects", event.project_id)]
    return {
        "id": event.id,
        "type": event.type,
        "state": "active",
        "body": event.body,
        "interpolated": event.body,
        "ip": event.ip,
        "modified_by": {"href": call.href(f"/users/{event.user_id}")} if event.user_id else {},
        "relationships": [{"href": call.href(f"/{kind}/{id_}")} for kind, id_ in related if id_],
        "created_at": moment(event.created_at),
        "href": call.href(f"/events/{event.id}"),
    }


def _page(call: Call, events: Select[Event]) -> Document:
    return paged(
        call,
        "events",
        events.order_by(Event.serial.desc()),
        lambda rows: [show_event(call, row) for row in rows],
    )


def index(call: Call) -> Document:
    return _page(call, select(Event))


def show(call: Call) -> Document:
    event = call.session.scalars(select(Event).where(Event.id == call.id)).first()
    return call.show(show_event(call, call.found(event)))


def of_device(call: Call) -> Document:
    return _page(call, select(Event).where(Event.device_id == call.get(Device).id))


def of_project(call: Call) -> Document:
    return _page(call, select(Event).where(Event.project_id == call.get(Project).id))


routes = [
    get("/events", index),
    get("/events/{id}", show),
    get("/devices/{id}/events", of_device),
    get("/projects/{id}/events", of_project),
]
