# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP between a device and the network it is on: sessions that were asked for, and whom to peer with.

They are kept, and not carried out: no driver has a router that peers, so the status of a session stays
"unknown", and nothing is ever learned from it.
"""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.device_views import device_link
from packetd.api.devices import device_of
from packetd.api.errors import InvalidError
from packetd.api.fields import Field, flag
from packetd.api.paging import paged
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.views import Document, Link
from packetd.model.bgp import FAMILIES, BGPNeighbor
from packetd.model.lifecycle import State
from packetd.model.moments import moment
from packetd.store.bgp import config_of, neighbors_of
from packetd.store.tables import BGPSession, Device, Project

_NUMBERS = {str(number): family for family, number in FAMILIES.items()}


def _read_family(body: Body) -> str:
    """The family by its name or its number."""
    family = body.one_of("address_family", [*FAMILIES, *_NUMBERS]) or "ipv4"
    return _NUMBERS.get(family, family)


ADDRESS_FAMILY: Field[str] = Field(
    "address_family",
    "Which addresses it is about",
    {"type": "string", "enum": sorted(FAMILIES), "default": "ipv4"},
    _read_family,
)
DEFAULT_ROUTE = flag("default_route", "Whether the device is told a default route")


class BGPSessionView(TypedDict):
    """A device that shall peer."""

    id: str
    status: str
    address_family: str
    default_route: bool
    learned_routes: list[str]
    switch_name: str | None
    device: Link
    created_at: str | None
    updated_at: str | None
    href: str


def session_link(call: Call, session: BGPSession) -> Link:
    return Link(call.href(f"/bgp/sessions/{session.id}"), lambda: show_session(call, session))


def show_session(call: Call, session: BGPSession) -> BGPSessionView:
    return {
        "id": session.id,
        "status": "unknown",
        "address_family": session.address_family,
        "default_route": session.default_route,
        "learned_routes": [],
        "switch_name": None,
        "device": device_link(call, session.device),
        "created_at": moment(session.created_at),
        "updated_at": moment(session.updated_at),
        "href": call.href(f"/bgp/sessions/{session.id}"),
    }


def sessions_of_project(project_id: str) -> Select[BGPSession]:
    """The sessions of all devices of a project, in the order in which they were made."""
    return (
        select(BGPSession)
        .join(Device)
        .where(Device.project_id == project_id)
        .order_by(BGPSession.created_at, BGPSession.id)
    )


def _page(call: Call, sessions: Select[BGPSession]) -> Document:
    return paged(
        call,
        "bgp_sessions",
        sessions.options(selectinload(BGPSession.device)),
        lambda rows: [show_session(call, row) for row in rows],
    )


def of_project(call: Call) -> Document:
    """The BGP sessions of a project."""
    return _page(call, sessions_of_project(call.get(Project).id))


def of_device(call: Call) -> Document:
    """The BGP sessions of a device."""
    sessions = select(BGPSession).where(BGPSession.device_id == device_of(call).id)
    return _page(call, sessions.order_by(BGPSession.created_at, BGPSession.id))


def show(call: Call) -> Document:
    """One BGP session."""
    return call.show(show_session(call, call.get(BGPSession)))


def create(call: Call) -> Document:
    """Have a device peer."""
    device = device_of(call)
    family = ADDRESS_FAMILY.read(call.body)
    default_route = DEFAULT_ROUTE.read(call.body)
    call.body.check()
    if device.state is State.DEPROVISIONING:
        raise InvalidError("Cannot have a device peer that is deprovisioning")
    if config_of(call.session, device.project_id) is None:
        raise InvalidError("Cannot have a device peer before its project enabled BGP (bgp-configs does)")
    if any(session.address_family == family for session in device.bgp_sessions):
        # Controllers look for these words.
        raise InvalidError(f"address_family {family} already has session")
    session = BGPSession(device=device, address_family=family, default_route=default_route)
    call.session.add(session)
    call.tell(device, "bgp.session", f"A BGP session was asked for, for {family}")
    call.session.flush()
    return call.show(show_session(call, session))


def update(call: Call) -> Document:
    """Change whether the device is told a default route."""
    session = call.get(BGPSession)
    call.change(session, {"default_route": DEFAULT_ROUTE})
    return call.show(show_session(call, session))


def remove(call: Call) -> None:
    """End a BGP session."""
    call.session.delete(call.get(BGPSession))


def neighbors(call: Call) -> Document:
    """Whom a device shall peer with."""
    return {"bgp_neighbors": neighbors_of(call.session, device_of(call))}


_SESSIONS = Listing("bgp_sessions", BGPSessionView)
routes = [
    get("/projects/{id}/bgp/sessions", of_project, gives=_SESSIONS),
    get("/devices/{id}/bgp/sessions", of_device, gives=_SESSIONS),
    post("/devices/{id}/bgp/sessions", create, takes=(ADDRESS_FAMILY, DEFAULT_ROUTE), gives=BGPSessionView),
    get(
        "/devices/{id}/bgp/neighbors",
        neighbors,
        gives=Listing("bgp_neighbors", BGPNeighbor, paged=False),
    ),
    get("/bgp/sessions/{id}", show, gives=BGPSessionView),
    put("/bgp/sessions/{id}", update, takes=(DEFAULT_ROUTE,), gives=BGPSessionView),
    delete("/bgp/sessions/{id}", remove),
]
