# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic addresses: blocks that a project holds and routes to its devices.

Old controllers decode these strictly: one key beyond those shown here makes a whole list unreadable.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, ip_network
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.errors import InvalidError, NotFoundError, UnavailableError
from packetd.api.fields import CUSTOMDATA, TAGS, Field, flag, text
from packetd.api.ip_assignments import IPView, assignment_link, show_address, show_assignment
from packetd.api.paging import paged_items
from packetd.api.places import facility_at, find_facility, find_metro, metro_at
from packetd.api.projects import project_link
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.users import user_link
from packetd.api.views import Document, Link, Reference
from packetd.model.addresses import ExhaustedError
from packetd.model.moments import moment
from packetd.store.reservations import ManagementBlock, allot, grant_pending, held_by, management_blocks
from packetd.store.tables import Assignment, Device, DeviceAddress, Project, Reservation

_TYPES = ("public_ipv4", "global_ipv4")
# What the API knows besides.
_NOT_RESERVED = ("private_ipv4", "public_ipv6", "vrf")
_QUANTITIES = [1 << power for power in range(9)]
_PAGE = 250


def _read_type(body: Body) -> str | None:
    kind = body.one_of("type", [*_TYPES, *_NOT_RESERVED], required=True)
    if kind in _NOT_RESERVED:
        body.wrong(
            "type",
            f"{kind!r} cannot be reserved: a project has what comes with its devices; allowed are"
            f" {', '.join(_TYPES)}",
        )
    return kind


def _read_quantity(body: Body) -> int:
    quantity = body.whole("quantity", 1)
    if quantity not in _QUANTITIES:
        body.wrong("quantity", f"{quantity} is not valid; allowed are {', '.join(map(str, _QUANTITIES))}")
    return quantity


TYPE: Field[str | None] = Field(
    "type", "What they are reached from", {"type": "string", "enum": list(_TYPES)}, _read_type, required=True
)
QUANTITY: Field[int] = Field(
    "quantity", "How many addresses", {"type": "integer", "enum": _QUANTITIES, "default": 1}, _read_quantity
)
FACILITY = text("facility", "Where they are; global ones are nowhere")
METRO = text("metro", "Where they are; global ones are nowhere")
DETAILS = text("details", "What they are for")
FAIL = flag("fail_on_approval_required", "Refuse the request rather than keep it pending over the quota")
_CHANGEABLE = {"details": DETAILS, "tags": TAGS, "customdata": CUSTOMDATA}


class ReservationView(IPView):
    """A block of addresses. It is without addresses while its state is pending.

    A management block is what devices have their own addresses from; they tell which.
    """

    type: str
    addon: bool
    bill: bool
    available: str
    assignments: list[Link]
    project: Link
    project_lite: Reference
    requested_by: Link | None
    facility: Link | None
    metro: Link | None


class AvailableView(TypedDict):
    """Subnets that nothing is assigned from."""

    available: list[str]


def show_reservation(call: Call, reservation: Reservation) -> ReservationView:
    network = None if reservation.network is None else IPv4Network(reservation.network)
    href = call.href(f"/ips/{reservation.id}")
    return {
        "id": reservation.id,
        "type": reservation.type,
        "address_family": 4,
        "address": str(network[0]) if network else None,
        "network": str(network.network_address) if network else None,
        "netmask": str(network.netmask) if network else None,
        "gateway": str(network[0]) if network else None,
        "cidr": 33 - reservation.quantity.bit_length(),
        "public": True,
        "global_ip": reservation.type == "global_ipv4",
        "management": False,
        "manageable": True,
        "enabled": network is not None,
        "addon": True,
        "bill": True,
        "state": "created" if network else "pending",
        "details": reservation.details,
        "tags": reservation.tags,
        "customdata": reservation.customdata,
        "available": f"{href}/available",
        "assignments": [assignment_link(call, assignment) for assignment in reservation.assignments],
        "project": project_link(call, reservation.project_id),
        "project_lite": {"href": call.href(f"/projects/{reservation.project_id}")},
        "requested_by": user_link(call, reservation.user_id) if reservation.user_id else None,
        "facility": facility_at(call, reservation.facility),
        "metro": metro_at(call, reservation.metro),
        "created_at": moment(reservation.created_at),
        "href": href,
    }


def show_management_block(call: Call, block: ManagementBlock) -> ReservationView:
    network = ip_network(block.network)
    href = call.href(f"/ips/{block.id}")
    return {
        "id": block.id,
        "type": "private_ipv4" if network.version == 4 else "public_ipv6",
        "address_family": network.version,
        "address": str(network[0]),
        "network": str(network.network_address),
        "netmask": str(network.netmask),
        "gateway": str(network[1]),
        "cidr": network.prefixlen,
        "public": network.version == 6,
        "global_ip": False,
        "management": True,
        "manageable": False,
        "enabled": True,
        "addon": False,
        "bill": False,
        "state": "created",
        "details": None,
        "tags": [],
        "customdata": {},
        "available": f"{href}/available",
        "assignments": [],
        "project": project_link(call, block.project_id),
        "project_lite": {"href": call.href(f"/projects/{block.project_id}")},
        "requested_by": None,
        "facility": facility_at(call, block.facility),
        "metro": metro_at(call, block.metro),
        "created_at": moment(block.created_at),
        "href": href,
    }


def of_project(call: Call) -> Document:
    """The addresses of a project: those it reserved, and the blocks that came with its devices."""
    project = call.get(Project)
    reserved = call.session.scalars(
        select(Reservation)
        .where(Reservation.project_id == project.id)
        .options(selectinload(Reservation.assignments))
        .order_by(Reservation.created_at, Reservation.id)
    )
    shown = [show_reservation(call, reservation) for reservation in reserved]
    shown += [show_management_block(call, block) for block in management_blocks(call.session, project.id)]
    wanted = [item for item in shown if _is_asked_for(call, item)]
    return paged_items(call, "ip_addresses", wanted, lambda item: item, size=_PAGE)


def _is_asked_for(call: Call, item: ReservationView) -> bool:
    types = ",".join([*call.query.getlist("types"), *call.query.getlist("type")])
    search = call.query.get("search", "")
    return (not types or item["type"] in types.split(",")) and (
        not search or search in (item["address"], item["details"], *item["tags"])
    )


def create(call: Call) -> Document:
    """Reserve addresses."""
    project = call.get(Project)
    body = call.body
    kind = TYPE.read(body)
    # An address that is global is in no place.
    local = kind != "global_ipv4"
    facility = find_facility(call, body, FACILITY.read(body) if local else None)
    metro = find_metro(call, body, METRO.read(body) if local else None)
    if local and facility is None and metro is None and not body.errors:
        body.wrong("metro", "or facility can't be blank for type public_ipv4")
    reservation = Reservation(
        project_id=project.id,
        user_id=call.user.id,
        type=kind,
        quantity=QUANTITY.read(body),
        facility=facility.code if facility else None,
        metro=metro.code if metro else facility.metro if facility else None,
        details=DETAILS.read(body),
        tags=TAGS.read(body),
        customdata=CUSTOMDATA.read(body),
        assignments=[],
    )
    fail = FAIL.read(body)
    body.check()
    reserve(call, reservation, fail=fail)
    return call.show(show_reservation(call, reservation))


def reservation_link(call: Call, reservation: Reservation) -> Link:
    return Link(call.href(f"/ips/{reservation.id}"), lambda: show_reservation(call, reservation))


def reserve(call: Call, reservation: Reservation, *, fail: bool) -> None:
    """Keep a new reservation, with addresses if the project's quota allows it; with ``fail`` it must.

    Raises InvalidError, or UnavailableError when the addresses run out."""
    if _approved(call, reservation, fail=fail):
        try:
            allot(call.session, reservation, call.context.driver.network.elastic)
        except ExhaustedError as error:
            raise UnavailableError(f"There are no elastic addresses left for this request: {error}") from None
    call.session.add(reservation)
    call.session.flush()


def _approved(call: Call, reservation: Reservation, *, fail: bool) -> bool:
    """Whether the project's quota allows a request; raises InvalidError where it shall not wait."""
    held = held_by(call.session, reservation.project_id)
    quota = call.context.address_quota
    approved = held + reservation.quantity <= quota
    if fail and not approved:
        raise InvalidError(
            f"quantity {reservation.quantity} needs approval: the project holds {held} of the {quota}"
            " addresses of its quota"
        )
    return approved


def _meant(call: Call) -> Reservation | Assignment | DeviceAddress | ManagementBlock:
    """What the id in the path is of: clients use one path for all. Raises NotFoundError."""
    if _is_one_of(call, Reservation):
        return call.get(Reservation)
    if _is_one_of(call, Assignment):
        return call.get(Assignment)
    if _is_one_of(call, DeviceAddress):
        return call.get(DeviceAddress)
    for block in management_blocks(call.session):
        if block.id == call.id:
            call.get(Project, block.project_id)
            return block
    raise NotFoundError


def _is_one_of(call: Call, table: type[Reservation | Assignment | DeviceAddress]) -> bool:
    return call.session.scalar(select(table.id).where(table.id == call.id)) is not None


def show(call: Call) -> Document:
    """A reservation, an assignment, or an address that a device was made with."""
    meant = _meant(call)
    if isinstance(meant, Assignment):
        return call.show(show_assignment(call, meant))
    if isinstance(meant, DeviceAddress):
        return call.show(show_address(call, call.get(Device, meant.device_id), meant))
    if isinstance(meant, ManagementBlock):
        return call.show(show_management_block(call, meant))
    return call.show(show_reservation(call, meant))


def update(call: Call) -> Document:
    """Change what is told of a reservation."""
    reservation = call.get(Reservation)
    call.change(reservation, _CHANGEABLE)
    return call.show(show_reservation(call, reservation))


def remove(call: Call) -> None:
    """Release a reservation, or take an assignment away."""
    meant = _meant(call)
    if isinstance(meant, Assignment):
        call.session.delete(meant)
    elif isinstance(meant, Reservation):
        _release(call, meant)
    else:
        raise InvalidError(f"Cannot remove {call.id}: it comes and goes with devices")


def _release(call: Call, reservation: Reservation) -> None:
    if reservation.gateway is not None:
        raise InvalidError(f"Cannot release {reservation.network}: a gateway has it; delete that first")
    if reservation.assignments:
        raise InvalidError(
            f"Cannot release {reservation.network}: it is assigned to"
            f" {reservation.assignments[0].device.hostname}; take the assignment away first"
        )
    release(call, reservation)


def release(call: Call, reservation: Reservation) -> None:
    """Give the addresses of a reservation back, for those who wait for some."""
    call.session.delete(reservation)
    call.session.flush()
    grant_pending(call.session, call.context.driver.network.elastic, call.context.address_quota)


def available(call: Call) -> Document:
    """Subnets of a reservation that are not assigned; ``cidr`` is their prefix length."""
    meant = _meant(call)
    if not isinstance(meant, Reservation) or meant.network is None:
        # Of the others nothing can be assigned.
        return {"available": []}
    network = IPv4Network(meant.network)
    text_ = call.query.get("cidr") or "32"
    if not re.fullmatch("[0-9]{1,2}", text_) or not network.prefixlen <= int(text_) <= 32:
        raise InvalidError(f"cidr {text_!r} is not valid; allowed are {network.prefixlen} to 32")
    taken = [IPv4Network(assignment.network) for assignment in meant.assignments]
    free = [
        str(subnet)
        for subnet in network.subnets(new_prefix=int(text_))
        if not any(subnet.overlaps(other) for other in taken)
    ]
    return {"available": free}


_ASKS = {
    "types": "Only these types, with commas",
    "type": "The same",
    "search": "An address, a tag or the details",
}
routes = [
    get("/projects/{id}/ips", of_project, gives=Listing("ip_addresses", ReservationView), asks=_ASKS),
    post(
        "/projects/{id}/ips",
        create,
        takes=(TYPE, QUANTITY, FACILITY, METRO, *_CHANGEABLE.values(), FAIL),
        gives=ReservationView,
    ),
    get("/ips/{id}", show, gives=IPView),
    put("/ips/{id}", update, takes=_CHANGEABLE.values(), gives=ReservationView),
    delete("/ips/{id}", remove),
    get(
        "/ips/{id}/available", available, gives=AvailableView, asks={"cidr": "Prefix length; 32 unless given"}
    ),
]
