# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices: the machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Select, select

from packetd.api import device_fields as fields
from packetd.api.calls import Call
from packetd.api.device_filters import ASKS, filtered, sorted_
from packetd.api.device_orders import check_userdata, order_devices, read_order
from packetd.api.device_views import DeviceView, show_device
from packetd.api.errors import InvalidError, NotFoundError
from packetd.api.fields import flag
from packetd.api.kept_devices import KEY, kept_devices
from packetd.api.paging import paged
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.views import Document
from packetd.model.lifecycle import Goal, RefusedError, ask_deletion
from packetd.store.devices import release, set_goal
from packetd.store.tables import Device, Organization, Project, now

FORCE = flag("force_delete", "Whether to delete it while it is provisioning, or has volumes attached")


def device_of(call: Call) -> Device:
    """The device in the path; one whose project was deleted is gone for its user."""
    device = call.get(Device)
    if device.project_id is None:
        raise NotFoundError
    return device


def of_project(call: Call) -> Document:
    """The devices of a project."""
    return devices_page(call, select(KEY).where(Device.project_id == call.get(Project).id))


def of_organization(call: Call) -> Document:
    """The devices of all projects of an organization."""
    projects = select(Project.id).where(Project.organization_id == call.get(Organization).id)
    return devices_page(call, select(KEY).where(Device.project_id.in_(projects)))


def devices_page(call: Call, devices: Select[Any]) -> Document:
    """A page of those of the devices (KEYs) that the query asks for."""
    wanted = sorted_(call, filtered(call, devices))
    return paged(call, "devices", wanted, lambda keys: kept_devices(call, keys), shown=True)


def create(call: Call) -> Document:
    """Order a device."""
    (document,) = create_together([call])
    return document


def create_together(calls: Sequence[Call]) -> list[Document]:
    """Order a device with each call."""
    project = calls[0].get(Project)
    orders = [read_order(call, call.body, project.id) for call in calls]
    devices = order_devices(calls[0], project.id, orders, joint=len(calls) > 1)
    return [call.show(show_device(call, device)) for call, device in zip(calls, devices, strict=True)]


def show(call: Call) -> Document:
    """One device."""
    key = call.get_columns(Device, Device.id, Device.revision, Device.project_id)
    if key.project_id is None:
        raise NotFoundError
    (document,) = kept_devices(call, [key])
    return cast("Document", document)


def update(call: Call) -> Document:
    """Change a device."""
    device = device_of(call)
    check_userdata(call, call.body)
    if fields.SPOT_INSTANCE.given(call.body) and not fields.SPOT_INSTANCE.read(call.body):
        # It is kept at the price on demand from now on.
        device.spot_instance, device.spot_price_max = False, None
    call.change(device, fields.CHANGEABLE)
    return call.show(show_device(call, device))


def remove(call: Call) -> None:
    """Delete a device."""
    device = device_of(call)
    force = FORCE.read(call.arguments)
    call.arguments.check()
    if device.goal is not Goal.DELETE:
        delete_device(call, device, force=force)


def delete_device(call: Call, device: Device, *, force: bool) -> None:
    """Set a device on its way out; its elastic addresses, VLANs and volumes are free at once.

    Raises InvalidError."""
    try:
        state = ask_deletion(device.state, locked=device.locked, force=force)
    except RefusedError as refusal:
        raise InvalidError(str(refusal)) from None
    if device.volume_attachments and not force:
        raise InvalidError("Cannot delete a device that has volumes attached (force_delete=true does)")
    set_goal(device, Goal.DELETE, state, now())
    release(device)


_LIST = Listing("devices", DeviceView)
routes = [
    get("/projects/{id}/devices", of_project, gives=_LIST, asks=ASKS),
    post(
        "/projects/{id}/devices",
        create,
        together=create_together,
        takes=fields.ORDERED,
        gives=DeviceView,
    ),
    get("/organizations/{id}/devices", of_organization, gives=_LIST, asks=ASKS),
    get("/devices/{id}", show, gives=DeviceView),
    put("/devices/{id}", update, takes=(*fields.CHANGEABLE.values(), fields.SPOT_INSTANCE), gives=DeviceView),
    delete("/devices/{id}", remove, takes=(FORCE,)),
]
