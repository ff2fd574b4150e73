# SPDX-License-Identifier: GPL-3.0-or-later
"""Many devices in one request: all of them are stored, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import msgspec
from sqlalchemy import select

from packetd.api import device_fields as fields
from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.device_orders import order_devices, read_order
from packetd.api.device_views import LOADED, device_link
from packetd.api.devices import delete_device
from packetd.api.fields import flag, objects, text, whole, words
from packetd.api.projects import project_link
from packetd.api.routes import Listing, delete, get, post
from packetd.api.views import Document, Link
from packetd.model.lifecycle import Goal, State
from packetd.model.moments import moment
from packetd.model.orders import INDEX, Order, numbered
from packetd.store.tables import Batch, Device, Project

_LARGEST = 1000

HOSTNAMES = words("hostnames", f"A name for each device, or one name; {INDEX} counts from 0")
HOSTNAME = text("hostname", "The name of each device, where hostnames are not given")
QUANTITY = whole("quantity", "How many devices", default=1, least=1, most=_LARGEST)
DIVERSITY = whole(
    "facility_diversity_level", "Accepted: the first facility with capacity is taken", default=1
)
BATCHES = objects(
    "batches", "Orders of many devices each", (HOSTNAME, HOSTNAMES, *fields.ORDERED[1:], QUANTITY, DIVERSITY)
)
REMOVE = flag("remove_associated_instances", "Whether to delete its devices too")


class BatchView(TypedDict):
    """Devices that were ordered together."""

    id: str
    state: str
    quantity: int
    error_messages: list[str]
    devices: list[Link]
    project: Link
    created_at: str | None
    updated_at: str | None
    href: str


def show_batch(call: Call, batch: Batch) -> BatchView:
    devices = call.session.scalars(
        select(Device)
        .where(Device.batch_id == batch.id)
        .options(*LOADED)
        .order_by(Device.created_at, Device.id)
    ).all()
    return {
        "id": batch.id,
        "state": _state(devices),
        "quantity": batch.quantity,
        "error_messages": [f"{device.hostname} failed" for device in devices if device.state is State.FAILED],
        "devices": [device_link(call, device) for device in devices],
        "project": project_link(call, batch.project_id),
        "created_at": moment(batch.created_at),
        "updated_at": moment(batch.created_at),
        "href": call.href(f"/batches/{batch.id}"),
    }


def _state(devices: Sequence[Device]) -> str:
    states = {device.state for device in devices}
    if states & {State.QUEUED, State.PROVISIONING}:
        return "in_progress"
    return "failed" if State.FAILED in states else "completed"


def create(call: Call) -> Document:
    """Order many devices."""
    project = call.get(Project)
    wanted = BATCHES.read(call.body)
    if not wanted and not call.body.errors:
        call.body.wrong("batches", "must be a list of at least one object")
    call.body.check()
    batches = [_create(call, project, part) for part in wanted]
    return call.show_all("batches", [show_batch(call, batch) for batch in batches])


def _create(call: Call, project: Project, part: Body) -> Batch:
    orders = _read_orders(call, part, project.id)
    batch = Batch(project_id=project.id, quantity=len(orders))
    call.session.add(batch)
    call.session.flush()
    order_devices(call, project.id, orders, batch.id)
    return batch


def _read_orders(call: Call, part: Body, project_id: str) -> list[Order]:
    names = _hostnames(part)
    part.check()
    order = read_order(call, part, project_id, names[0])
    return [msgspec.structs.replace(order, hostname=name) for name in names]


def _hostnames(part: Body) -> list[str]:
    """A valid name for each device: out of ``hostnames``, or ``hostname`` repeated."""
    listed = HOSTNAMES.read(part)
    quantity = QUANTITY.read(part) if QUANTITY.given(part) else len(listed) or 1
    if quantity > _LARGEST:
        part.wrong("quantity", f"{quantity} is not valid; allowed are 1 to {_LARGEST}")
    if listed and len(listed) not in (1, quantity):
        part.wrong("hostnames", f"are {len(listed)}, but quantity is {quantity}")
    part.check()
    names = listed or [part.text("hostname", required=True) or ""]
    names = names if len(names) == quantity else names * quantity
    return [fields.check_hostname(part, numbered(name, index)) for index, name in enumerate(names)]


def of_project(call: Call) -> Document:
    """The batches of a project."""
    batches = select(Batch).where(Batch.project_id == call.get(Project).id).order_by(Batch.created_at)
    return call.show_all("batches", [show_batch(call, batch) for batch in call.session.scalars(batches)])


def show(call: Call) -> Document:
    """One batch."""
    return call.show(show_batch(call, call.get(Batch)))


def remove(call: Call) -> None:
    """Forget a batch."""
    batch = call.get(Batch)
    remove_devices = REMOVE.read(call.arguments)
    call.arguments.check()
    for device in call.session.scalars(select(Device).where(Device.batch_id == batch.id)):
        if remove_devices and device.goal is not Goal.DELETE:
            delete_device(call, device, force=True)
    call.session.delete(batch)


_LIST = Listing("batches", BatchView, paged=False)
routes = [
    post("/projects/{id}/devices/batch", create, takes=(BATCHES,), gives=_LIST),
    get("/projects/{id}/batches", of_project, gives=_LIST),
    get("/batches/{id}", show, gives=BatchView),
    delete("/batches/{id}", remove, takes=(REMOVE,)),
]
