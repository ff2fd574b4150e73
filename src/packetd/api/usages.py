# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices and projects used, in hours, and what that would cost by the prices of the catalogue.

It is computed from what there is: a device that was deleted is no longer counted.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from sqlalchemy import select

from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.fields import moment
from packetd.api.routes import Listing, get
from packetd.api.views import Document
from packetd.model.roles import Right
from packetd.model.usages import hours
from packetd.store.tables import Device, Project, now

AFTER = moment("created[after]", "Count from here")
BEFORE = moment("created[before]", "Count up to here")


class DeviceUsageView(TypedDict):
    """Hours of a device; all values are strings, as in the written contract."""

    quantity: str
    total: str
    unit: str


class ProjectUsageView(DeviceUsageView):
    """The same, with whose hours they are."""

    name: str
    type: str
    plan: str
    plan_version: str
    facility: str
    price: str


Period = tuple[datetime | None, datetime | None]


def of_device(call: Call) -> Document:
    """What a device used."""
    return {"usages": [_usage(call, call.get(Device), _period(call))]}


def of_project(call: Call) -> Document:
    """What each device of a project used."""
    project = call.get(Project, right=Right.BILL)
    period = _period(call)
    devices = select(Device).where(Device.project_id == project.id)
    found = call.session.scalars(devices.order_by(Device.created_at, Device.id))
    return {"usages": [_project_usage(call, device, period) for device in found]}


def _period(call: Call) -> Period:
    asked = Body({name: call.query[name] for name in _ASKS if name in call.query})
    period = AFTER.read(asked), BEFORE.read(asked)
    asked.check()
    return period


def _usage(call: Call, device: Device, period: Period) -> DeviceUsageView:
    quantity = hours(device.created_at, now(), *period)
    price = call.context.catalogue.plans[device.plan].hourly
    return {"quantity": str(quantity), "total": f"{quantity * price:.2f}", "unit": "hour"}


def _project_usage(call: Call, device: Device, period: Period) -> ProjectUsageView:
    plan = call.context.catalogue.plans[device.plan]
    return {
        **_usage(call, device, period),
        "name": device.hostname,
        "type": "Instance",
        "plan": plan.slug,
        "plan_version": plan.name or plan.slug,
        "facility": device.facility,
        "price": f"{plan.hourly:.2f}",
    }


_ASKS = {field.name: field.about for field in (AFTER, BEFORE)}
routes = [
    get(
        "/devices/{id}/usages",
        of_device,
        gives=Listing("usages", DeviceUsageView, paged=False),
        asks=_ASKS,
    ),
    get(
        "/projects/{id}/usages",
        of_project,
        gives=Listing("usages", ProjectUsageView, paged=False),
        asks=_ASKS,
    ),
]
