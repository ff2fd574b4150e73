# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices: the machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Select, String, cast, or_, select
from sqlalchemy.orm import selectinload

from packetd.api.body import Body
from packetd.api.calls import Answer, Call, delete, get, post, put
from packetd.api.device_orders import order_devices, read_hostname, read_order, read_tags, read_userdata
from packetd.api.device_views import show_device, show_devices
from packetd.api.errors import InvalidError, NotFoundError
from packetd.api.paging import paged
from packetd.api.views import Document
from packetd.model.lifecycle import Goal, RefusedError, ask_deletion
from packetd.store.devices import set_goal
from packetd.store.tables import Device, DeviceAddress, Organization, Project, now


def device_of(call: Call) -> Device:
    """The device in the path; one whose project was deleted is gone for its user."""
    device = call.get(Device)
    if device.project_id is None:
        raise NotFoundError
    return device


def of_project(call: Call) -> Document:
    return _page(call, select(Device).where(Device.project_id == call.get(Project).id))


def of_organization(call: Call) -> Document:
    projects = select(Project.id).where(Project.organization_id == call.get(Organization).id)
    return _page(call, select(Device).where(Device.project_id.in_(projects)))


def _page(call: Call, devices: Select[Device]) -> Document:
    loaded = devices.options(
        selectinload(Device.addresses), selectinload(Device.assignments), selectinload(Device.ssh_keys)
    )
    return paged(
        call,
        "devices",
        _sorted(call, _filtered(call, loaded)),
        lambda rows: show_devices(call, rows),
    )


def _filtered(call: Call, devices: Select[Device]) -> Select[Device]:
    query = call.query
    if text := query.get("search"):
        having = select(DeviceAddress.device_id).where(DeviceAddress.address == text)
        devices = devices.where(
            or_(
                Device.hostname.contains(text, autoescape=True),
                Device.description.contains(text, autoescape=True),
                cast(Device.tags, String).contains(text, autoescape=True),
                Device.id.startswith(text, autoescape=True),
                Device.id.in_(having),
            )
        )
    if text := query.get("hostname"):
        devices = devices.where(Device.hostname.contains(text, autoescape=True))
    for tag in [tag for tags in query.getlist("tag") for tag in tags.split(",") if tag]:
        # The list is stored as JSON, in which every tag stands between quotes.
        devices = devices.where(cast(Device.tags, String).contains(_quoted(tag), autoescape=True))
    for name, column in (("state", Device.state), ("facility", Device.facility), ("metro", Device.metro)):
        if text := query.get(name):
            devices = devices.where(column.in_(text.split(",")))
    if "has_termination_time" in query:
        wanted = query["has_termination_time"].lower() in ("true", "1")
        devices = devices.where(
            Device.termination_time.is_not(None) if wanted else Device.termination_time.is_(None)
        )
    return devices


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _sorted(call: Call, devices: Select[Device]) -> Select[Device]:
    columns = {"hostname": Device.hostname, "created_at": Device.created_at, "updated_at": Device.updated_at}
    column = columns.get(call.query.get("sort_by", ""), Device.created_at)
    descending = call.query.get("sort_direction", "").lower() == "desc"
    # The id settles ties: pages must neither repeat nor lose a device.
    return devices.order_by(column.desc() if descending else column, Device.id)


def create(call: Call) -> Answer:
    project = call.get(Project)
    (device,) = order_devices(call, project, [read_order(call, call.body)])
    return Answer(201, call.show(show_device(call, device)))


def show(call: Call) -> Document:
    return call.show(show_device(call, device_of(call)))


def update(call: Call) -> Document:
    device = device_of(call)
    _change(device, call.body)
    call.body.check()
    call.session.flush()
    return call.show(show_device(call, device))


_Reader = Callable[[Body, str], Any]
_READERS: dict[str, _Reader] = {
    "hostname": lambda body, _name: read_hostname(body),
    "tags": lambda body, _name: read_tags(body),
    "userdata": lambda body, _name: read_userdata(body),
    "description": Body.text,
    "ipxe_script_url": Body.text,
    "locked": Body.flag,
    "always_pxe": Body.flag,
    "customdata": Body.mapping,
    "termination_time": Body.moment,
    "billing_cycle": lambda body, name: body.text(name, required=True),
}


def _change(device: Device, body: Body) -> None:
    """Set what was sent of the fields that may change."""
    for name, read in _READERS.items():
        if name in body:
            setattr(device, name, read(body, name))


def remove(call: Call) -> Answer:
    device = device_of(call)
    # Some clients send force_delete in the body of the DELETE, some in its query.
    arguments = Body({**call.query, **call.body.values})
    force = arguments.flag("force_delete")
    arguments.check()
    if device.goal is not Goal.DELETE:
        delete_device(call, device, force=force)
    return Answer(204)


def delete_device(call: Call, device: Device, *, force: bool) -> None:
    """Set a device on its way out; its elastic addresses are free at once. Raises InvalidError."""
    try:
        state = ask_deletion(device.state, locked=device.locked, force=force)
    except RefusedError as refusal:
        raise InvalidError(str(refusal)) from None
    set_goal(device, Goal.DELETE, state, now())
    device.assignments.clear()


routes = [
    get("/projects/{id}/devices", of_project),
    post("/projects/{id}/devices", create),
    get("/organizations/{id}/devices", of_organization),
    get("/devices/{id}", show),
    put("/devices/{id}", update),
    delete("/devices/{id}", remove),
]
