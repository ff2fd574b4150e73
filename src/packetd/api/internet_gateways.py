# SPDX-License-Identifier: GPL-3.0-or-later
"""Internet gateways: addresses that lead into a virtual network, as the API had them until 2021.

They are kept, with their addresses, and not carried out, as the virtual networks are not.
"""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import select

from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import Field
from packetd.api.ip_reservations import release, reservation_link, reserve
from packetd.api.paging import paged
from packetd.api.projects import project_link
from packetd.api.routes import Listing, delete, get, post
from packetd.api.views import Document, Link
from packetd.api.virtual_networks import virtual_network_link
from packetd.model.moments import moment
from packetd.store.tables import Gateway, Project, Reservation, VirtualNetwork

INTERNET = "internet"
_LENGTHS = (8, 16)


def _read_length(body: Body) -> int:
    length = body.whole("length", 8)
    if length not in _LENGTHS:
        body.wrong("length", f"{length} is not valid; allowed are {', '.join(map(str, _LENGTHS))}")
    return length


LENGTH: Field[int] = Field(
    "length", "How many addresses it has", {"type": "integer", "enum": list(_LENGTHS)}, _read_length
)


class InternetGatewayView(TypedDict):
    """The way from a virtual network into the world."""

    id: str
    virtual_network: Link
    ip_reservation: Link
    project: Link
    created_at: str | None
    href: str


def show_internet_gateway(call: Call, gateway: Gateway) -> InternetGatewayView:
    return {
        "id": gateway.id,
        "virtual_network": virtual_network_link(call, gateway.virtual_network),
        "ip_reservation": reservation_link(call, gateway.reservation),
        "project": project_link(call, gateway.project_id),
        "created_at": moment(gateway.created_at),
        "href": call.href(f"/internet-gateways/{gateway.id}"),
    }


def of_project(call: Call) -> Document:
    """The internet gateways of a project."""
    wanted = select(Gateway).where(Gateway.project_id == call.get(Project).id, Gateway.kind == INTERNET)
    return paged(
        call,
        "internet_gateways",
        wanted.order_by(Gateway.created_at, Gateway.id),
        lambda rows: [show_internet_gateway(call, row) for row in rows],
    )


def _gateway(call: Call) -> Gateway:
    gateway = call.get(Gateway)
    return call.found(gateway if gateway.kind == INTERNET else None)


def show(call: Call) -> Document:
    """One internet gateway."""
    return call.show(show_internet_gateway(call, _gateway(call)))


def create(call: Call) -> Document:
    """Give a virtual network an internet gateway, with addresses of its own."""
    network = call.get(VirtualNetwork)
    length = LENGTH.read(call.body)
    call.body.check()
    if network.gateway is not None:
        raise InvalidError(f"virtual network {network.vxlan} has a gateway already")
    reservation = Reservation(
        project_id=network.project_id,
        user_id=call.user.id,
        type="public_ipv4",
        quantity=length,
        facility=network.facility,
        metro=network.metro,
        assignments=[],
    )
    reserve(call, reservation, fail=True)
    gateway = Gateway(
        project_id=network.project_id, kind=INTERNET, virtual_network=network, reservation=reservation
    )
    call.session.add(gateway)
    call.session.flush()
    return call.show(show_internet_gateway(call, gateway))


def remove(call: Call) -> None:
    """Take an internet gateway away, with its addresses."""
    gateway = _gateway(call)
    reservation = gateway.reservation
    call.session.delete(gateway)
    call.session.flush()
    release(call, reservation)


routes = [
    get(
        "/projects/{id}/internet-gateways",
        of_project,
        gives=Listing("internet_gateways", InternetGatewayView),
    ),
    post("/virtual-networks/{id}/internet-gateways", create, takes=(LENGTH,), gives=InternetGatewayView),
    get("/internet-gateways/{id}", show, gives=InternetGatewayView),
    delete("/internet-gateways/{id}", remove),
]
