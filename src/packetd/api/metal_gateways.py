# SPDX-License-Identifier: GPL-3.0-or-later
"""Metal gateways: reserved addresses that lead into a virtual network, as the API has them since 2021.

They are kept, and not carried out, as the virtual networks are not: their state is "ready", which means
configured but not active.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TypedDict

from sqlalchemy import select

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import text, whole
from packetd.api.ip_reservations import reservation_link
from packetd.api.paging import paged
from packetd.api.projects import project_link
from packetd.api.routes import Listing, delete, get, post
from packetd.api.views import Document, Link
from packetd.api.virtual_networks import virtual_network_link
from packetd.model.moments import moment
from packetd.store.tables import Gateway, Project, Reservation, VirtualNetwork

METAL = "metal"
_LEAST = 8
VIRTUAL_NETWORK = text("virtual_network_id", "The id of the virtual network", required=True)
RESERVATION = text("ip_reservation_id", "The id of a reservation of the project, that nothing else uses")
PRIVATE_SIZE = whole("private_ipv4_subnet_size", "Refused: private addresses are the devices' own", default=0)


class MetalGatewayView(TypedDict):
    """The way from a virtual network into the world."""

    id: str
    state: str
    gateway_address: str
    virtual_network: Link
    ip_reservation: Link
    project: Link
    created_at: str | None
    updated_at: str | None
    href: str


def show_metal_gateway(call: Call, gateway: Gateway) -> MetalGatewayView:
    # Only a reservation that has addresses is given to a gateway.
    assert gateway.reservation.network is not None
    network = IPv4Network(gateway.reservation.network)
    return {
        "id": gateway.id,
        "state": "ready",
        "gateway_address": f"{network[1]}/{network.prefixlen}",
        "virtual_network": virtual_network_link(call, gateway.virtual_network),
        "ip_reservation": reservation_link(call, gateway.reservation),
        "project": project_link(call, gateway.project_id),
        "created_at": moment(gateway.created_at),
        "updated_at": moment(gateway.created_at),
        "href": call.href(f"/metal-gateways/{gateway.id}"),
    }


def of_project(call: Call) -> Document:
    """The metal gateways of a project."""
    wanted = select(Gateway).where(Gateway.project_id == call.get(Project).id, Gateway.kind == METAL)
    return paged(
        call,
        "metal_gateways",
        wanted.order_by(Gateway.created_at, Gateway.id),
        lambda rows: [show_metal_gateway(call, row) for row in rows],
    )


def _gateway(call: Call) -> Gateway:
    gateway = call.get(Gateway)
    return call.found(gateway if gateway.kind == METAL else None)


def show(call: Call) -> Document:
    """One metal gateway."""
    return call.show(show_metal_gateway(call, _gateway(call)))


def create(call: Call) -> Document:
    """Give a virtual network a metal gateway, with the addresses of a reservation."""
    project = call.get(Project)
    network_id, reservation_id = VIRTUAL_NETWORK.read(call.body), RESERVATION.read(call.body)
    if PRIVATE_SIZE.read(call.body):
        call.body.wrong(PRIVATE_SIZE.name, "is not supported; give the ip_reservation_id of public addresses")
    call.body.check()
    network, reservation = _network(call, project, network_id), _reservation(call, project, reservation_id)
    if reservation.metro != network.metro:
        raise InvalidError(f"ip_reservation_id {reservation_id!r} is not in metro {network.metro!r}")
    gateway = Gateway(project_id=project.id, kind=METAL, virtual_network=network, reservation=reservation)
    call.session.add(gateway)
    call.session.flush()
    return call.show(show_metal_gateway(call, gateway))


def _network(call: Call, project: Project, network_id: str) -> VirtualNetwork:
    """The virtual network that shall have the gateway; raises InvalidError."""
    wanted = select(VirtualNetwork).where(
        VirtualNetwork.project_id == project.id, VirtualNetwork.id == network_id
    )
    network = call.session.scalars(wanted).first()
    if network is None:
        raise InvalidError(f"virtual_network_id {network_id!r} is no virtual network of the project")
    if network.gateway is not None:
        raise InvalidError(f"virtual_network_id {network_id!r} has a gateway already")
    return network


def _reservation(call: Call, project: Project, reservation_id: str | None) -> Reservation:
    """The reservation whose addresses the gateway shall have; raises InvalidError."""
    wanted = select(Reservation).where(Reservation.project_id == project.id, Reservation.id == reservation_id)
    reservation = call.session.scalars(wanted).first()
    if reservation is None or reservation.network is None or reservation.quantity < _LEAST:
        raise InvalidError(
            f"ip_reservation_id {reservation_id!r} is no reservation of the project with {_LEAST} addresses"
            " or more"
        )
    if reservation.gateway is not None or reservation.assignments:
        raise InvalidError(f"ip_reservation_id {reservation_id!r} is in use already")
    return reservation


def remove(call: Call) -> Document:
    """Take a metal gateway away; its reservation stays."""
    gateway = _gateway(call)
    shown = call.show(show_metal_gateway(call, gateway))
    call.session.delete(gateway)
    return shown


_TAKES = (VIRTUAL_NETWORK, RESERVATION, PRIVATE_SIZE)
routes = [
    get("/projects/{id}/metal-gateways", of_project, gives=Listing("metal_gateways", MetalGatewayView)),
    post("/projects/{id}/metal-gateways", create, takes=_TAKES, gives=MetalGatewayView),
    get("/metal-gateways/{id}", show, gives=MetalGatewayView),
    delete("/metal-gateways/{id}", remove, gives=MetalGatewayView, status=202),
]
