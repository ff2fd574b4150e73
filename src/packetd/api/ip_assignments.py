# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of a device: its own, and the elastic ones that are routed to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Network
from typing import Any

from sqlalchemy import select

from packetd.api.calls import Answer, Call, get, post
from packetd.api.errors import InvalidError
from packetd.api.views import Document, Link
from packetd.model.lifecycle import State
from packetd.model.moments import moment
from packetd.model.ports import port_id
from packetd.store.tables import Assignment, Device, DeviceAddress, Reservation


def assignment_link(call: Call, assignment: Assignment) -> Link:
    return Link(call.href(f"/ips/{assignment.id}"), lambda: show_assignment(call, assignment))


def show_assignment(call: Call, assignment: Assignment) -> Document:
    """An elastic address as its device has it."""
    network = IPv4Network(assignment.network)
    reservation = assignment.reservation
    return {
        **_common(call, assignment.id, assignment.device_id, network),
        "address": str(network[0]),
        "gateway": str(network[0]),
        "public": True,
        "management": False,
        "manageable": assignment.manageable,
        "global_ip": reservation.type == "global_ipv4",
        "parent_block": _block(IPv4Network(reservation.network), href=call.href(f"/ips/{reservation.id}")),
        "created_at": moment(assignment.created_at),
    }


def show_address(call: Call, address: DeviceAddress) -> Document:
    """An address that a device was made with.

    Packet gave each server a /31 or /30 of its own, with the router in it. Here all devices of a driver
    share one subnet and its gateway, because that is how their machines are really connected; the
    subnet is also the parent block.
    """
    network = IPv4Network(address.network)
    return {
        **_common(call, address.id, address.device_id, network),
        "address": address.address,
        "gateway": address.gateway,
        "public": address.public,
        "management": True,
        "manageable": True,
        "global_ip": None,
        "parent_block": _block(network, href=call.href(f"/ips/{address.id}")),
        "created_at": moment(address.created_at),
    }


def _common(call: Call, id_: str, device_id: str, network: IPv4Network) -> dict[str, Any]:
    return {
        "id": id_,
        "address_family": 4,
        "network": str(network.network_address),
        "netmask": str(network.netmask),
        "cidr": network.prefixlen,
        "enabled": True,
        "state": "active",
        "details": None,
        "tags": [],
        "customdata": {},
        "assigned_to": {"href": call.href(f"/devices/{device_id}")},
        "interface": {"href": call.href(f"/ports/{port_id(device_id, 'bond0')}")},
        "href": call.href(f"/ips/{id_}"),
    }


def _block(network: IPv4Network, href: str) -> dict[str, Any]:
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
    own = [_link(call, item.id, partial(show_address, call, item)) for item in device.addresses]
    elastic = [_link(call, item.id, partial(show_assignment, call, item)) for item in device.assignments]
    return own + elastic


def _link(call: Call, id_: str, render: Callable[[], Document]) -> Link:
    return Link(call.href(f"/ips/{id_}"), render, expanded=True)


def of_device(call: Call) -> Document:
    device = call.get(Device)
    own = [show_address(call, address) for address in device.addresses]
    elastic = [show_assignment(call, assignment) for assignment in device.assignments]
    return call.show_all("ip_addresses", own + elastic)


def create(call: Call) -> Answer:
    """Route an elastic address (or subnet) to a device; a bare address is a /32."""
    device = call.get(Device)
    if device.state is State.DEPROVISIONING:
        raise InvalidError("Cannot assign an address to a device that is deprovisioning")
    network = _wanted_network(call)
    reservation = _reservation_of(call, device, network)
    for other in reservation.assignments:
        if network.overlaps(IPv4Network(other.network)):
            raise InvalidError(
                f"address {network} is already assigned to {other.device.hostname} ({other.network});"
                " take that assignment away first"
            )
    assignment = Assignment(
        reservation_id=reservation.id,
        device_id=device.id,
        network=str(network),
        manageable=call.body.flag("manageable", default=True),
    )
    call.body.check()
    call.session.add(assignment)
    call.session.flush()
    return Answer(201, call.show(show_assignment(call, assignment)))


def _wanted_network(call: Call) -> IPv4Network:
    text = call.body.text("address", required=True)
    call.body.check()
    try:
        return IPv4Network(text or "")
    except ValueError as error:
        raise InvalidError(f"address {text!r} is not an IPv4 address or subnet: {error}") from None


def _reservation_of(call: Call, device: Device, network: IPv4Network) -> Reservation:
    held = call.session.scalars(select(Reservation).where(Reservation.project_id == device.project_id))
    for reservation in held:
        if network.subnet_of(IPv4Network(reservation.network)):
            return reservation
    raise InvalidError(f"address {network} is in no reservation of the device's project")


def remove_assignment(call: Call, assignment: Assignment) -> Answer:
    call.session.delete(assignment)
    return Answer(204)


routes = [get("/devices/{id}/ips", of_device), post("/devices/{id}/ips", create)]
