# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened: to everything of the user, or to a device, a project, an organization."""

from __future__ import annotations

import re
from typing import TypedDict

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.paging import paged
from packetd.api.routes import Listing, get
from packetd.api.users import maker_link
from packetd.api.views import Document, Link, Reference
from packetd.api.waits import NothingYetError
from packetd.model.moments import moment
from packetd.store.events import Subject
from packetd.store.tables import Device, Event, Organization, Project, Volume

_LONGEST_WAIT = 60


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


def events_page(call: Call, events: Select[Event], about: str | None = None) -> Document:
    """A page of events, the latest first; they are about the thing with this id, None for any thing.

    Raises NothingYetError when there are none and the client would wait."""
    if types := [name for names in call.query.getlist("type") for name in names.split(",") if name]:
        events = events.where(Event.type.in_(types))
    if after := call.query.get("after"):
        events = events.where(Event.serial > _serial(call, after))
    seconds = _wait(call)
    page = paged(
        call,
        "events",
        events.order_by(Event.serial.desc()),
        lambda rows: [show_event(call, row) for row in rows],
    )
    if seconds and not page["meta"]["total"]:
        raise NothingYetError(page, about, call.session.scalar(select(func.max(Event.serial))) or 0, seconds)
    return page


def _serial(call: Call, id_: str) -> int:
    event = call.session.scalars(call.visible(Event).where(Event.id == id_)).first()
    if event is None:
        raise InvalidError(f"after {id_!r} is not the id of an event")
    return event.serial


def _wait(call: Call) -> int:
    text = call.query.get("wait")
    if not text:
        return 0
    if not re.fullmatch("[0-9]{1,12}", text) or int(text) > _LONGEST_WAIT:
        raise InvalidError(f"wait {text!r} is not valid; allowed are whole seconds from 0 to {_LONGEST_WAIT}")
    return int(text)


def _events_of(call: Call, kind: type[Subject], column: InstrumentedAttribute[str | None]) -> Document:
    """Events of the thing in the path."""
    id_ = call.get(kind).id
    return events_page(call, call.visible(Event).where(column == id_), id_)


def index(call: Call) -> Document:
    """What happened to all that the caller may see."""
    return events_page(call, call.visible(Event))


def show(call: Call) -> Document:
    """One event."""
    return call.show(show_event(call, call.get(Event)))


def of_device(call: Call) -> Document:
    """What happened to a device."""
    return _events_of(call, Device, Event.device_id)


def of_project(call: Call) -> Document:
    """What happened in a project."""
    return _events_of(call, Project, Event.project_id)


def of_organization(call: Call) -> Document:
    """What happened in an organization, outside of its projects."""
    return _events_of(call, Organization, Event.organization_id)


def of_volume(call: Call) -> Document:
    """What happened to a volume."""
    return _events_of(call, Volume, Event.volume_id)


LISTING = Listing("events", EventView)
ASKS = {
    "type": "Types of events, for example provisioning.110",
    "after": "The id of an event: only newer ones are shown",
    "wait": f"For how many seconds the answer may wait for an event, {_LONGEST_WAIT} at most",
}
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
