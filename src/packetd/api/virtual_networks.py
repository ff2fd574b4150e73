# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual networks: VLANs that ports of a project's devices are assigned to.

They are kept, and not carried out: no driver makes such a network yet.
"""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import selectinload

# A device shows its ports, they their virtual networks, and these their devices.
from packetd.api import device_views
from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import TAGS, text, whole
from packetd.api.paging import paged
from packetd.api.places import facility_at, find_facility, find_metro, metro_at
from packetd.api.projects import project_link
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.views import Document, Link, Reference
from packetd.model.moments import moment
from packetd.model.vxlans import HIGHEST, LOWEST, choose
from packetd.store.tables import Gateway, Project, VirtualNetwork, VlanAssignment

DESCRIPTION = text("description", "What it is for")
VXLAN = whole("vxlan", "Its number, from 2; 0 lets one of 1000 to 1999 be chosen", default=0, most=HIGHEST)
VLAN = whole("vlan", "What packet-python calls vxlan", default=0, most=HIGHEST)
FACILITY = text("facility", "The one facility it is in")
METRO = text("metro", "The metro it is in, with all facilities")
_CHANGEABLE = {"description": DESCRIPTION, "tags": TAGS}


class VirtualNetworkView(TypedDict):
    """A VLAN. It is in a metro or in one facility, and the other is null."""

    id: str
    description: str | None
    vxlan: int
    vni: int
    facility: Link | None
    facility_code: str | None
    metro: Link | None
    metro_code: str | None
    tags: list[str]
    internet_gateway: Reference | None
    metal_gateways: list[Reference]
    instances: list[Link]
    assigned_to: Link
    assigned_to_virtual_circuit: bool
    created_at: str | None
    href: str


def virtual_network_link(call: Call, network: VirtualNetwork) -> Link:
    return Link(call.href(f"/virtual-networks/{network.id}"), lambda: show_virtual_network(call, network))


def show_virtual_network(call: Call, network: VirtualNetwork) -> VirtualNetworkView:
    metro = network.metro if network.facility is None else None
    gateway = network.gateway
    return {
        "id": network.id,
        "description": network.description,
        "vxlan": network.vxlan,
        "vni": network.vxlan,
        "facility": facility_at(call, network.facility),
        "facility_code": network.facility,
        "metro": metro_at(call, metro),
        "metro_code": metro,
        "tags": network.tags,
        "internet_gateway": _gateway(call, gateway) if gateway and gateway.kind == "internet" else None,
        "metal_gateways": [_gateway(call, gateway)] if gateway and gateway.kind == "metal" else [],
        "instances": [device_views.device_link(call, item.device) for item in network.assignments],
        "assigned_to": project_link(call, network.project_id),
        "assigned_to_virtual_circuit": False,
        "created_at": moment(network.created_at),
        "href": call.href(f"/virtual-networks/{network.id}"),
    }


def _gateway(call: Call, gateway: Gateway) -> Reference:
    return {"href": call.href(f"/{gateway.kind}-gateways/{gateway.id}")}


_LOADED = (
    selectinload(VirtualNetwork.assignments).selectinload(VlanAssignment.device),
    selectinload(VirtualNetwork.gateway),
)


def of_project(call: Call) -> Document:
    """The virtual networks of a project."""
    networks = select(VirtualNetwork).where(VirtualNetwork.project_id == call.get(Project).id)
    if text_ := call.query.get("search"):
        networks = networks.where(
            or_(
                VirtualNetwork.description.contains(text_, autoescape=True),
                cast(VirtualNetwork.vxlan, String) == text_,
            )
        )
    for name, column in (
        ("facility", VirtualNetwork.facility),
        ("metro", VirtualNetwork.metro),
        ("vxlan", cast(VirtualNetwork.vxlan, String)),
    ):
        if text_ := call.query.get(name):
            networks = networks.where(column.in_(text_.split(",")))
    return paged(
        call,
        "virtual_networks",
        networks.options(*_LOADED).order_by(VirtualNetwork.created_at, VirtualNetwork.id),
        lambda rows: [show_virtual_network(call, row) for row in rows],
    )


def show(call: Call) -> Document:
    """One virtual network."""
    return call.show(show_virtual_network(call, call.get(VirtualNetwork)))


def create(call: Call) -> Document:
    """Make a virtual network."""
    project = call.get(Project)
    body = call.body
    facility = find_facility(call, body, FACILITY.read(body))
    metro = find_metro(call, body, METRO.read(body))
    number = VXLAN.read(body) or VLAN.read(body)
    if 0 < number < LOWEST:
        body.wrong("vxlan", f"{number} is not valid; allowed are {LOWEST} to {HIGHEST}")
    if facility is None and metro is None and not body.errors:
        body.wrong("metro", "or facility can't be blank")
    if facility and metro and facility.metro != metro.code:
        body.wrong("facility", f"{facility.code!r} is not in metro {metro.code!r}")
    network = VirtualNetwork(
        project_id=project.id,
        facility=facility.code if facility else None,
        metro=facility.metro if facility else metro.code if metro else "",
        description=DESCRIPTION.read(body),
        tags=TAGS.read(body),
        assignments=[],
    )
    body.check()
    network.vxlan = _free_number(call, network, number)
    call.session.add(network)
    call.session.flush()
    return call.show(show_virtual_network(call, network))


def _free_number(call: Call, network: VirtualNetwork, wanted: int) -> int:
    """The number asked for, or one that is free; raises InvalidError."""
    taken = call.session.scalars(
        select(VirtualNetwork.vxlan).where(
            VirtualNetwork.project_id == network.project_id, VirtualNetwork.metro == network.metro
        )
    ).all()
    if wanted in taken:
        raise InvalidError(f"vxlan {wanted} is taken in metro {network.metro!r} of this project")
    number = wanted or choose(taken)
    if number is None:
        raise InvalidError("vxlan can't be chosen: 1000 to 1999 are taken; name another, or delete one")
    return number


def update(call: Call) -> Document:
    """Change a virtual network."""
    network = call.get(VirtualNetwork)
    call.change(network, _CHANGEABLE)
    return call.show(show_virtual_network(call, network))


def remove(call: Call) -> Document:
    """Delete a virtual network that no port is assigned to."""
    network = call.get(VirtualNetwork)
    if network.assignments:
        found = network.assignments[0]
        raise InvalidError(
            f"Cannot delete virtual network {network.vxlan}: {found.port} of {found.device.hostname}"
            " is assigned to it; unassign it first"
        )
    if network.gateway is not None:
        raise InvalidError(
            f"Cannot delete virtual network {network.vxlan}: it has a gateway; delete that first"
        )
    shown = call.show(show_virtual_network(call, network))
    call.session.delete(network)
    return shown


_TAKES = (FACILITY, METRO, VXLAN, VLAN, DESCRIPTION, TAGS)
_ASKS = {
    "search": "Part of the description, or the number",
    "facility": "Codes of facilities",
    "metro": "Codes of metros",
    "vxlan": "Numbers",
}
_LISTING = Listing("virtual_networks", VirtualNetworkView)
routes = [
    get("/projects/{id}/virtual-networks", of_project, gives=_LISTING, asks=_ASKS),
    post("/projects/{id}/virtual-networks", create, takes=_TAKES, gives=VirtualNetworkView),
    get("/virtual-networks/{id}", show, gives=VirtualNetworkView),
    put("/virtual-networks/{id}", update, takes=_CHANGEABLE.values(), gives=VirtualNetworkView),
    delete("/virtual-networks/{id}", remove, gives=VirtualNetworkView, status=200),
]
