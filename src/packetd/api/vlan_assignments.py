# SPDX-License-Identifier: GPL-3.0-or-later
"""What virtual networks a port carries, as objects of their own, and changing many of them at once."""

from __future__ import annotations

from typing import Any, TypedDict, TypeVar

from sqlalchemy import Select, select

from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import flag, objects, one_of, text
from packetd.api.paging import paged
from packetd.api.ports import Port, change, port_link, port_of, virtual_network_of
from packetd.api.projects import project_link
from packetd.api.routes import Listing, get, post
from packetd.api.views import Document, Link
from packetd.api.virtual_networks import virtual_network_link
from packetd.model.moments import moment
from packetd.model.ports import Ports
from packetd.store.tables import VirtualNetwork, VlanAssignment, VlanAssignmentBatch

Row = TypeVar("Row", VlanAssignment, VlanAssignmentBatch)

ASSIGNED, UNASSIGNED = "assigned", "unassigned"
VLAN = text("vlan", "The virtual network: its id, or its number", required=True)
STATE = one_of("state", "What it shall be; assigned unless given", (ASSIGNED, UNASSIGNED))
NATIVE = flag("native", "Whether it is untagged")
WANTED = objects("vlan_assignments", "The virtual networks, and what they shall be", (VLAN, STATE, NATIVE))


class VlanAssignmentView(TypedDict):
    """A virtual network on a port."""

    id: str
    native: bool
    state: str
    vlan: int
    port: Link
    virtual_network: Link
    created_at: str | None
    updated_at: str | None
    href: str


class VlanAssignmentBatchView(TypedDict):
    """Changes to a port that were asked for together, and were made at once."""

    id: str
    state: str
    quantity: int
    error_messages: list[str]
    vlan_assignments: list[dict[str, Any]]
    port: Link
    project: Link
    created_at: str | None
    updated_at: str | None
    href: str


def show_assignment(call: Call, port: Port, assignment: VlanAssignment) -> VlanAssignmentView:
    return {
        "id": assignment.id,
        "native": assignment.native,
        "state": ASSIGNED,
        "vlan": assignment.virtual_network.vxlan,
        "port": port_link(call, port),
        "virtual_network": virtual_network_link(call, assignment.virtual_network),
        "created_at": moment(assignment.created_at),
        "updated_at": moment(assignment.updated_at),
        "href": call.href(f"/ports/{port.id}/vlan-assignments/{assignment.id}"),
    }


def show_batch(call: Call, port: Port, batch: VlanAssignmentBatch) -> VlanAssignmentBatchView:
    return {
        "id": batch.id,
        "state": "completed",
        "quantity": len(batch.assignments),
        "error_messages": [],
        "vlan_assignments": batch.assignments,
        "port": port_link(call, port),
        "project": project_link(call, port.device.project_id or ""),
        "created_at": moment(batch.created_at),
        "updated_at": moment(batch.created_at),
        "href": call.href(f"/ports/{port.id}/vlan-assignments/batches/{batch.id}"),
    }


def _of(port: Port, table: type[Row]) -> Select[Row]:
    """The rows of a table that belong to a port."""
    return select(table).where(table.device_id == port.device.id, table.port == port.name)


def of_port(call: Call) -> Document:
    """The virtual networks of a port."""
    port = port_of(call)
    return paged(
        call,
        "vlan_assignments",
        _of(port, VlanAssignment).order_by(VlanAssignment.created_at, VlanAssignment.id),
        lambda rows: [show_assignment(call, port, row) for row in rows],
    )


def show(call: Call) -> Document:
    """One virtual network of a port."""
    port = port_of(call)
    wanted = _of(port, VlanAssignment).where(VlanAssignment.id == call.path["assignment_id"])
    return call.show(show_assignment(call, port, call.found(call.session.scalars(wanted).first())))


def batches(call: Call) -> Document:
    """What was changed of a port in batches."""
    port = port_of(call)
    return paged(
        call,
        "batches",
        _of(port, VlanAssignmentBatch).order_by(VlanAssignmentBatch.created_at, VlanAssignmentBatch.id),
        lambda rows: [show_batch(call, port, row) for row in rows],
    )


def show_one_batch(call: Call) -> Document:
    """One batch."""
    port = port_of(call)
    wanted = _of(port, VlanAssignmentBatch).where(VlanAssignmentBatch.id == call.path["batch_id"])
    return call.show(show_batch(call, port, call.found(call.session.scalars(wanted).first())))


def create_batch(call: Call) -> Document:
    """Change what a port carries: all of it, or nothing where one of the changes is refused."""
    port = port_of(call)
    items = WANTED.read(call.body)
    call.body.check()
    wanted = [_read(call, port, f"vlan_assignments[{number}]", item) for number, item in enumerate(items)]
    if not wanted:
        raise InvalidError("vlan_assignments can't be blank")

    def changed(ports: Ports) -> Ports:
        for network, state, native in wanted:
            ports = _applied(ports, port.name, network.id, state, native=native)
        return ports

    change(call, port, changed, "was assigned virtual networks in a batch")
    batch = VlanAssignmentBatch(
        device_id=port.device.id,
        port=port.name,
        assignments=[
            {"id": network.id, "vlan": network.vxlan, "state": state, "native": native}
            for network, state, native in wanted
        ],
    )
    call.session.add(batch)
    call.session.flush()
    return call.show(show_batch(call, port, batch))


def _read(call: Call, port: Port, place: str, item: Body) -> tuple[VirtualNetwork, str, bool]:
    """One of the changes; raises InvalidError that names its place in the list."""
    vlan, state, native = VLAN.read(item), STATE.read(item) or ASSIGNED, NATIVE.read(item)
    if item.errors:
        raise InvalidError(*(f"{place}.{error}" for error in item.errors))
    return virtual_network_of(call, port.device, vlan), state, native


def _applied(ports: Ports, port: str, vlan: str, state: str, *, native: bool) -> Ports:
    if state == UNASSIGNED:
        return ports.unassign(port, vlan) if vlan in ports.carried(port) else ports
    ports = ports.assign(port, vlan)
    if native:
        return ports.with_native(port, vlan)
    return ports.without_native(port) if ports.native.get(port) == vlan else ports


_OF_PORT = "/ports/{id}/vlan-assignments"
routes = [
    # Before a single one: /ports/{id}/vlan-assignments/batches.
    get(f"{_OF_PORT}/batches", batches, gives=Listing("batches", VlanAssignmentBatchView)),
    post(f"{_OF_PORT}/batches", create_batch, takes=(WANTED,), gives=VlanAssignmentBatchView),
    get(f"{_OF_PORT}/batches/{{batch_id}}", show_one_batch, gives=VlanAssignmentBatchView),
    get(_OF_PORT, of_port, gives=Listing("vlan_assignments", VlanAssignmentView)),
    get(f"{_OF_PORT}/{{assignment_id}}", show, gives=VlanAssignmentView),
]
