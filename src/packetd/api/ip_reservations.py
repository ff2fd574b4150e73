# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic addresses: blocks that a project holds and routes to its devices.

Old controllers decode these strictly: one key beyond those shown here makes a whole list unreadable.
"""

from __future__ import annotations

from ipaddress import IPv4Network

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from packetd.api.body import Body
from packetd.api.calls import Answer, Call, delete, get, post, put
from packetd.api.errors import InvalidError, UnavailableError
from packetd.api.facilities import show_facility
from packetd.api.ip_assignments import assignment_link, remove_assignment, show_assignment
from packetd.api.metros import show_metro
from packetd.api.paging import paged
from packetd.api.places import find_facility, find_metro
from packetd.api.projects import project_link
from packetd.api.users import user_link
from packetd.api.views import Document
from packetd.model.addresses import ExhaustedError, free_block
from packetd.model.moments import moment
from packetd.store.tables import Assignment, Project, Reservation

# What this network can route: the API knows private_ipv4, public_ipv6 and vrf besides.
_TYPES = ("public_ipv4", "global_ipv4")
_QUANTITIES = (1, 2, 4, 8, 16)
_LONGEST_TAG = 80
_PAGE = 250


def show_reservation(call: Call, reservation: Reservation) -> Document:
    network = IPv4Network(reservation.network)
    href = call.href(f"/ips/{reservation.id}")
    catalogue = call.context.catalogue
    document = {
        "id": reservation.id,
        "type": reservation.type,
        "address_family": 4,
        "address": str(network[0]),
        "network": str(network.network_address),
        "netmask": str(network.netmask),
        "gateway": str(network[0]),
        "cidr": network.prefixlen,
        "public": True,
        "global_ip": reservation.type == "global_ipv4",
        "management": False,
        "manageable": True,
        "enabled": True,
        "addon": True,
        "bill": True,
        "state": "created",
        "details": reservation.details,
        "tags": reservation.tags,
        "customdata": reservation.customdata,
        "available": f"{href}/available",
        "assignments": [assignment_link(call, assignment) for assignment in reservation.assignments],
        "project": project_link(call, reservation.project_id),
        "project_lite": {"href": call.href(f"/projects/{reservation.project_id}")},
        "requested_by": user_link(call, reservation.user_id),
        "created_at": moment(reservation.created_at),
        "href": href,
    }
    if reservation.facility is not None:
        document["facility"] = show_facility(call, catalogue.facilities[reservation.facility])
    if reservation.metro is not None:
        document["metro"] = show_metro(catalogue.metros[reservation.metro])
    return document


def of_project(call: Call) -> Document:
    wanted = select(Reservation).where(Reservation.project_id == call.get(Project).id)
    if types := [name for name in call.query.getlist("types") if name]:
        wanted = wanted.where(Reservation.type.in_(",".join(types).split(",")))
    return paged(
        call,
        "ip_addresses",
        wanted.options(selectinload(Reservation.assignments)).order_by(Reservation.created_at),
        lambda rows: [show_reservation(call, row) for row in rows],
        size=_PAGE,
    )


def create(call: Call) -> Answer:
    project = call.get(Project)
    body = call.body
    kind = body.one_of("type", _TYPES, required=True)
    quantity = body.whole("quantity", 1)
    if quantity not in _QUANTITIES:
        body.wrong("quantity", f"{quantity} is not valid; allowed are {', '.join(map(str, _QUANTITIES))}")
    # An address that is global is in no place.
    local = kind != "global_ipv4"
    facility = find_facility(call, body, body.text("facility") if local else None)
    metro = find_metro(call, body, body.text("metro") if local else None)
    if local and facility is None and metro is None and not body.errors:
        body.wrong("metro", "or facility can't be blank for type public_ipv4")
    reservation = Reservation(
        project_id=project.id,
        user_id=call.user.id,
        type=kind,
        facility=facility.code if facility else None,
        metro=metro.code if metro else facility.metro if facility else None,
    )
    _describe(body, reservation)
    body.check()
    reservation.network = str(_free_block(call, 33 - quantity.bit_length()))
    call.session.add(reservation)
    call.session.flush()
    return Answer(201, call.show(show_reservation(call, reservation)))


def _describe(body: Body, reservation: Reservation) -> None:
    if "details" in body or "comments" in body:
        reservation.details = body.text("details") or body.text("comments")
    if "tags" in body:
        reservation.tags = body.words("tags", longest=_LONGEST_TAG)
    if "customdata" in body:
        reservation.customdata = body.mapping("customdata")


def _free_block(call: Call, prefix: int) -> IPv4Network:
    # Reservations are made one at a time: this runs in the transaction of the only writer.
    taken = [IPv4Network(network) for network in call.session.scalars(select(Reservation.network))]
    try:
        return free_block(call.context.driver.network.elastic, taken, prefix)
    except ExhaustedError as error:
        raise UnavailableError(f"There are no elastic addresses left for this request: {error}") from None


def show(call: Call) -> Document:
    """A reservation or an assignment: clients use one path for both."""
    assignment = call.session.get(Assignment, call.id)
    if assignment is not None:
        return call.show(show_assignment(call, assignment))
    return call.show(show_reservation(call, call.get(Reservation)))


def update(call: Call) -> Document:
    reservation = call.get(Reservation)
    _describe(call.body, reservation)
    call.body.check()
    call.session.flush()
    return call.show(show_reservation(call, reservation))


def remove(call: Call) -> Answer:
    """Release a reservation, or take an assignment away."""
    assignment = call.session.get(Assignment, call.id)
    if assignment is not None:
        return remove_assignment(call, assignment)
    reservation = call.get(Reservation)
    if reservation.assignments:
        raise InvalidError(
            f"Cannot release {reservation.network}: it is assigned to"
            f" {reservation.assignments[0].device.hostname}; take the assignment away first"
        )
    call.session.delete(reservation)
    return Answer(204)


def available(call: Call) -> Document:
    """Subnets of a reservation that are not assigned; ``cidr`` is their prefix length."""
    reservation = call.get(Reservation)
    network = IPv4Network(reservation.network)
    text = call.query.get("cidr") or "32"
    if not text.isdecimal() or not network.prefixlen <= int(text) <= 32:
        raise InvalidError(f"cidr {text!r} is not valid; allowed are {network.prefixlen} to 32")
    taken = [IPv4Network(assignment.network) for assignment in reservation.assignments]
    free = [
        str(subnet)
        for subnet in network.subnets(new_prefix=int(text))
        if not any(subnet.overlaps(other) for other in taken)
    ]
    return {"available": free}


routes = [
    get("/projects/{id}/ips", of_project),
    post("/projects/{id}/ips", create),
    get("/ips/{id}", show),
    put("/ips/{id}", update),
    delete("/ips/{id}", remove),
    get("/ips/{id}/available", available),
]
