# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of a device: its own, and the elastic ones that are routed to it."""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Network, ip_network
from typing import Any, TypedDict

from sqlalchemy import select

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import flag, text
from packetd.api.routes import Listing, get, post
from packetd.api.views import Document, Link, Reference
from packetd.model.addresses import block_id
from packetd.model.lifecycle import State
from packetd.model.moments import moment
from packetd.model.ports import BOND, port_id
from packetd.store.tables import Assignment, Device, DeviceAddress, Reservation

ADDRESS = text("address", "An address of a reservation of the project, or a subnet of one", required=True)
MANAGEABLE = flag("manageable", "Kept only", default=True)


class BlockView(TypedDict):
    """What an address is a part of."""

    network: str
    netmask: str
    cidr: int
    href: str


class IPView(TypedDict):
    """What reservations and addresses of devices have in common, as clients ask for both at one path."""

    id: str
    address_family: int
    address: str | None
    network: str | None
    netmask: str | None
    gateway: str | None
    cidr: int
    public: bool
    management: bool
    manageable: bool
    global_ip: bool | None
    enabled: bool
    state: str
    details: str | None
    tags: list[str]
    customdata: dict[str, Any]
    created_at: str | None
    href: str


class AddressView(IPView):
    """An address of a device: one it was made with (management), or an elastic one."""

    parent_block: BlockView
    assigned_to: Reference
    interface: Reference


def assignment_link(call: Call, assignment: Assignment) -> Link:
    return Link(call.href(f"/ips/{assignment.id}"), lambda: show_assignment(call, assignment))


def show_assignment(call: Call, assignment: Assignment) -> AddressView:
    """An elastic address as its device has it."""
    network = IPv4Network(assignment.network)
    reservation = assignment.reservation
    whole = reservation.network or assignment.network
    return {
        "id": assignment.id,
        "address_family": network.version,
        "address": str(network[0]),
        "network": str(network.network_address),
        "netmask": str(network.netmask),
        "gateway": str(network[0]),
        "cidr": network.prefixlen,
        "public": True,
        "management": False,
        "manageable": assignment.manageable,
        "global_ip": reservation.type == "global_ipv4",
        "enabled": True,
        "state": "active",
        "details": None,
        "tags": [],
        "customdata": {},
        "parent_block": _block(whole, call.href(f"/ips/{reservation.id}")),
        "assigned_to": {"href": call.href(f"/devices/{assignment.device_id}")},
        "interface": {"href": call.href(f"/ports/{port_id(assignment.device_id, BOND)}")},
        "created_at": moment(assignment.created_at),
        "href": call.href(f"/ips/{assignment.id}"),
    }


def show_address(call: Call, device: Device, address: DeviceAddress) -> AddressView:
    """An address that a device was made with.

    Packet gave each server a /31 or /30 of its own, with the router in it. Here all devices of a driver
    share one subnet and its gateway, because that is how their machines are really connected; the
    subnet is also the parent block.
    """
    network = ip_network(address.network)
    href = call.href(f"/ips/{address.id}")
    is_shared = address.public and address.family == 4
    block = "" if is_shared else block_id(device.project_id or "", device.facility, address.network)
    return {
        "id": address.id,
        "address_family": address.family,
        "address": address.address,
        "network": str(network.network_address),
        "netmask": str(network.netmask),
        "gateway": address.gateway,
        "cidr": network.prefixlen,
        "public": address.public,
        "management": True,
        "manageable": True,
        "global_ip": None,
        "enabled": address.attached,
        "state": "active",
        "details": None,
        "tags": [],
        "customdata": {},
        "parent_block": _block(address.network, call.href(f"/ips/{block}") if block else href),
        "assigned_to": {"href": call.href(f"/devices/{device.id}")},
        "interface": {"href": call.href(f"/ports/{port_id(device.id, BOND)}")},
        "created_at": moment(address.created_at),
        "href": href,
    }


def _block(text_: str, href: str) -> BlockView:
    network = ip_network(text_)
    return {
        "network": str(network.network_address),
        "netmask": str(network.netmask),
        "cidr": network.prefixlen,
        "href": href,
    }


def addresses_of(call: Call, device: Device) -> list[Link]:
    """Links to all addresses of a device, shown whole; none before provisioning has begun."""
    if device.state is State.QUEUED:
        return []
    own = [
        Link(call.href(f"/ips/{item.id}"), partial(show_address, call, device, item), expanded=True)
        for item in device.addresses
        if item.attached
    ]
    elastic = [
        Link(call.href(f"/ips/{item.id}"), partial(show_assignment, call, item), expanded=True)
        for item in device.assignments
    ]
    return own + elastic


def of_device(call: Call) -> Document:
    """The addresses of a device."""
    device = call.get(Device)
    own = [show_address(call, device, address) for address in device.addresses if address.attached]
    elastic = [show_assignment(call, assignment) for assignment in device.assignments]
    return call.show_all("ip_addresses", own + elastic)


def create(call: Call) -> Document:
    """Route an elastic address (or subnet) to a device; a bare address is a /32."""
    device = call.get(Device)
    network = _wanted_network(call)
    manageable = MANAGEABLE.read(call.body)
    call.body.check()
    if device.state is State.DEPROVISIONING:
        raise InvalidError("Cannot assign an address to a device that is deprovisioning")
    if device.network_frozen:
        raise InvalidError(
            "Cannot assign an address to a device whose network is frozen; update network_frozen"
        )
    if device.layer != 3:
        raise InvalidError("Cannot assign an address to a device of layer 2; convert bond0 to layer-3 first")
    reservation = _reservation_of(call, device, network)
    if reservation.gateway is not None:
        raise InvalidError(f"address {network} is a gateway's; delete that first")
    for other in reservation.assignments:
        if network.overlaps(IPv4Network(other.network)):
            raise InvalidError(
                f"address {network} is already assigned to {other.device.hostname} ({other.network});"
                " take that assignment away first"
            )
    assignment = Assignment(
        reservation_id=reservation.id, device_id=device.id, network=str(network), manageable=manageable
    )
    call.session.add(assignment)
    call.session.flush()
    return call.show(show_assignment(call, assignment))


def _wanted_network(call: Call) -> IPv4Network:
    address = ADDRESS.read(call.body)
    call.body.check()
    try:
        return IPv4Network(address)
    except ValueError as error:
        raise InvalidError(f"address {address!r} is not an IPv4 address or subnet: {error}") from None


def _reservation_of(call: Call, device: Device, network: IPv4Network) -> Reservation:
    held = call.session.scalars(select(Reservation).where(Reservation.project_id == device.project_id))
    for reservation in held:
        if reservation.network is not None and network.subnet_of(IPv4Network(reservation.network)):
            return reservation
    raise InvalidError(f"address {network} is in no reservation of the device's project")


routes = [
    get("/devices/{id}/ips", of_device, gives=Listing("ip_addresses", AddressView, paged=False)),
    post("/devices/{id}/ips", create, takes=(ADDRESS, MANAGEABLE), gives=AddressView),
]
