# SPDX-License-Identifier: GPL-3.0-or-later
"""Many devices in one request: all of them are stored, or none."""

from __future__ import annotations

from sqlalchemy import select

from packetd.api.body import Body
from packetd.api.calls import Answer, Call, delete, get, post
from packetd.api.device_orders import Order, order_devices, read_order
from packetd.api.device_views import device_link
from packetd.api.devices import delete_device
from packetd.api.projects import project_link
from packetd.api.views import Document
from packetd.model.lifecycle import Goal, State
from packetd.model.moments import moment
from packetd.store.tables import Batch, Device, Project

_LARGEST = 1000


def show_batch(call: Call, batch: Batch) -> Document:
    devices = call.session.scalars(
        select(Device).where(Device.batch_id == batch.id).order_by(Device.created_at, Device.id)
    ).all()
    waiting = any(device.state in (State.QUEUED, State.PROVISIONING) for device in devices)
    return {
        "id": batch.id,
        "state": "in_progress" if waiting else "completed",
        "quantity": batch.quantity,
        "error_messages": [],
        "devices": [device_link(call, device) for device in devices],
        "project": project_link(call, batch.project_id),
        "created_at": moment(batch.created_at),
        "updated_at": moment(batch.created_at),
        "href": call.href(f"/batches/{batch.id}"),
    }


def create(call: Call) -> Answer:
    project = call.get(Project)
    wanted = call.body.objects("batches")
    if not wanted and not call.body.errors:
        call.body.wrong("batches", "must be a list of at least one object")
    call.body.check()
    batches = []
    for part in wanted:
        orders = _read_orders(call, part)
        batch = Batch(project_id=project.id, quantity=len(orders))
        call.session.add(batch)
        call.session.flush()
        order_devices(call, project, orders, batch)
        batches.append(batch)
    return Answer(201, call.show_all("batches", [show_batch(call, batch) for batch in batches]))


def _read_orders(call: Call, part: Body) -> list[Order]:
    names = _hostnames(part)
    part.check()
    return [read_order(call, part, name) for name in names]


def _hostnames(part: Body) -> list[str]:
    """Names out of ``hostnames``, or ``hostname`` repeated; ``{{index}}`` counts from 0."""
    listed = part.words("hostnames")
    quantity = part.whole("quantity", len(listed) or 1)
    if not 1 <= quantity <= _LARGEST:
        part.wrong("quantity", f"{quantity} is not valid; allowed are 1 to {_LARGEST}")
        return []
    if listed and len(listed) not in (1, quantity):
        part.wrong("hostnames", f"are {len(listed)}, but quantity is {quantity}")
        return []
    names = listed or [part.text("hostname", required=True) or ""]
    names = names if len(names) == quantity else names * quantity
    return [name.replace("{{index}}", str(index)) for index, name in enumerate(names)]


def of_project(call: Call) -> Document:
    batches = select(Batch).where(Batch.project_id == call.get(Project).id).order_by(Batch.created_at)
    return call.show_all("batches", [show_batch(call, batch) for batch in call.session.scalars(batches)])


def show(call: Call) -> Document:
    return call.show(show_batch(call, call.get(Batch)))


def remove(call: Call) -> Answer:
    """Forget a batch; ``remove_associated_instances`` deletes its devices too."""
    batch = call.get(Batch)
    arguments = Body({**call.query, **call.body.values})
    devices = list(call.session.scalars(select(Device).where(Device.batch_id == batch.id)))
    if arguments.flag("remove_associated_instances"):
        for device in devices:
            if device.goal is not Goal.DELETE:
                delete_device(call, device, force=True)
    arguments.check()
    call.session.delete(batch)
    return Answer(204)


routes = [
    post("/projects/{id}/devices/batch", create),
    get("/projects/{id}/batches", of_project),
    get("/batches/{id}", show),
    delete("/batches/{id}", remove),
]
