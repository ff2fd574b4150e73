# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests for machines as long as they cost no more than a price; market.py fulfils them."""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec
from sqlalchemy import select

from packetd.api import device_fields as fields
from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.device_orders import read_order
from packetd.api.device_views import LOADED, device_link
from packetd.api.devices import delete_device
from packetd.api.facilities import facility_link
from packetd.api.fields import Field, flag, moment, number, schema_of, text, whole, words
from packetd.api.metros import metro_link
from packetd.api.plans import plan_link
from packetd.api.projects import project_link
from packetd.api.routes import Listing, delete, get, post
from packetd.api.views import Document, Link
from packetd.model import moments
from packetd.model.lifecycle import Goal
from packetd.model.orders import INDEX, Order, numbered
from packetd.store.tables import Device, Project, SpotMarketRequest

_LARGEST = 1000

MINIMUM = whole("devices_min", "Fewer are not made at all", default=1, least=1, most=_LARGEST)
MAXIMUM = whole("devices_max", "How many there may be at a time", default=1, least=1, most=_LARGEST)
BID = number("max_bid_price", "What each may cost, in dollars an hour", required=True)
END = moment("end_at", "When its devices are deleted and no more are made")
FACILITIES = words("facilities", "Codes of facilities that will do, the preferred first")
METRO = text("metro", "Code of the metro they shall be in, if no facility is named")
HOSTNAMES = words("hostnames", f"Names in turn; {INDEX} counts from 0")
_PARAMETERS = (
    HOSTNAMES,
    *(field for field in fields.ORDERED if field not in (fields.FACILITY, fields.METRO)),
)
PARAMETERS: Field[dict[str, Any]] = Field(
    "instance_parameters",
    "What each device shall be",
    schema_of(_PARAMETERS),
    lambda body: body.mapping("instance_parameters"),
    required=True,
)
FORCE = flag("force_termination", "Whether to delete its devices too")


class SpotMarketRequestView(TypedDict):
    """A wish for machines as long as they are cheap; ``instance_parameters`` are as they were sent."""

    id: str
    devices_min: int
    devices_max: int
    max_bid_price: float
    end_at: str | None
    instance_parameters: dict[str, Any]
    facilities: list[Link]
    metro: Link | None
    plan: Link
    project: Link
    devices: list[Link]
    created_at: str | None
    href: str


def show_request(call: Call, request: SpotMarketRequest) -> SpotMarketRequestView:
    catalogue = call.context.catalogue
    devices = select(Device).where(Device.spot_market_request_id == request.id).options(*LOADED)
    return {
        "id": request.id,
        "devices_min": request.devices_min,
        "devices_max": request.devices_max,
        "max_bid_price": request.max_bid_price,
        "end_at": moments.moment(request.end_at),
        "instance_parameters": request.parameters,
        "facilities": [facility_link(call, catalogue.facilities[code]) for code in request.facilities],
        "metro": metro_link(call, catalogue.metros[request.metro]) if request.metro else None,
        "plan": plan_link(call, catalogue.by_its_class(request.order["plan"])),
        "project": project_link(call, request.project_id),
        "devices": [
            device_link(call, device)
            for device in call.session.scalars(devices.order_by(Device.created_at, Device.id))
        ],
        "created_at": moments.moment(request.created_at),
        "href": call.href(f"/spot-market-requests/{request.id}"),
    }


def create(call: Call) -> Document:
    """Bid for devices."""
    project = call.get(Project)
    body = call.body
    smallest, largest, bid = MINIMUM.read(body), MAXIMUM.read(body), BID.read(body)
    if smallest > largest:
        body.wrong("devices_min", f"{smallest} is more than devices_max {largest}")
    parameters = PARAMETERS.read(body)
    if not parameters:
        body.wrong("instance_parameters", "can't be blank")
    body.check()
    order, hostnames = _read_order(call, parameters, project.id)
    request = SpotMarketRequest(
        project_id=project.id,
        user_id=call.user.id,
        devices_min=smallest,
        devices_max=largest,
        max_bid_price=bid,
        end_at=END.read(body),
        facilities=list(order.facilities) if FACILITIES.read(body) else [],
        metro=None if FACILITIES.read(body) else call.context.catalogue.facilities[order.facilities[0]].metro,
        parameters=parameters,
        order=msgspec.to_builtins(msgspec.structs.replace(order, spot_price_max=bid)),
        hostnames=hostnames,
    )
    body.check()
    call.session.add(request)
    call.session.flush()
    return call.show(show_request(call, request))


def _read_order(call: Call, parameters: dict[str, Any], project_id: str) -> tuple[Order, list[str]]:
    """What each device shall be, and the names they have in turn."""
    place = {"facility": FACILITIES.read(call.body), "metro": METRO.read(call.body)}
    part = Body({**parameters, **place})
    names = HOSTNAMES.read(part) or [part.text("hostname") or f"spot-{INDEX}"]
    for name in names:
        fields.check_hostname(part, numbered(name, 0))
    return read_order(call, part, project_id, numbered(names[0], 0)), names


def of_project(call: Call) -> Document:
    """The spot market requests of a project."""
    held = select(SpotMarketRequest).where(SpotMarketRequest.project_id == call.get(Project).id)
    rows = call.session.scalars(held.order_by(SpotMarketRequest.created_at, SpotMarketRequest.id))
    return call.show_all("spot_market_requests", [show_request(call, row) for row in rows])


def show(call: Call) -> Document:
    """One spot market request."""
    return call.show(show_request(call, call.get(SpotMarketRequest)))


def remove(call: Call) -> None:
    """Withdraw a bid."""
    request = call.get(SpotMarketRequest)
    force = FORCE.read(call.arguments)
    call.arguments.check()
    for device in call.session.scalars(select(Device).where(Device.spot_market_request_id == request.id)):
        if force and device.goal is not Goal.DELETE:
            delete_device(call, device, force=True)
    call.session.delete(request)


_FIELDS = (MINIMUM, MAXIMUM, BID, END, FACILITIES, METRO, PARAMETERS)
routes = [
    get(
        "/projects/{id}/spot-market-requests",
        of_project,
        gives=Listing("spot_market_requests", SpotMarketRequestView, paged=False),
    ),
    post("/projects/{id}/spot-market-requests", create, takes=_FIELDS, gives=SpotMarketRequestView),
    get("/spot-market-requests/{id}", show, gives=SpotMarketRequestView),
    delete("/spot-market-requests/{id}", remove, takes=(FORCE,)),
]
