# SPDX-License-Identifier: GPL-3.0-or-later
"""Which devices of a list are wanted, and in which order."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, String, case, cast, func, or_, select

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.model.lifecycle import State
from packetd.model.ports import INTERFACES, mac_address
from packetd.store.tables import Device, DeviceAddress

ASKS = {
    "search": "Part of its hostname, description or tags, begin of its id, or its address, plan or system",
    "hostname": "Part of its hostname",
    "tag": "Tags that it has, comma-separated",
    "state": "States, comma-separated",
    "type": "Slugs or classes of plans, comma-separated",
    "facility": "Codes of facilities, comma-separated",
    "metro": "Codes of metros, comma-separated",
    "categories": "Categories of plans, comma-separated",
    "reserved": "Whether it is on reserved hardware",
    "has_termination_time": "Whether it has a termination time",
    "mac_address": "The address of one of its ports",
    "sort_by": "hostname, created_at or updated_at",
    "sort_direction": "asc or desc",
}
_SORTED = {"hostname": Device.hostname, "created_at": Device.created_at, "updated_at": Device.updated_at}

# The list as it is stored: ["a", "b"].
_TAGS = cast(Device.tags, String)
# The tags alone, one a line: what is between them must not be found.
_TAG_LINES = case(
    (_TAGS == "[]", ""), else_=func.replace(func.substr(_TAGS, 3, func.length(_TAGS) - 4), '", "', "\n")
)


def filtered(call: Call, devices: Select[Any]) -> Select[Any]:
    """The devices that the query of a call asks for."""
    for name, condition in _CONDITIONS.items():
        if text := call.query.get(name):
            devices = devices.where(condition(call, text))
    for tag in [tag for tags in call.query.getlist("tag") for tag in tags.split(",") if tag]:
        # In the JSON that is stored every tag stands between quotes.
        devices = devices.where(_TAGS.contains(json.dumps(tag), autoescape=True))
    if text := call.query.get("mac_address"):
        wanted = text.lower()
        ids = call.session.scalars(devices.with_only_columns(Device.id))
        devices = devices.where(
            Device.id.in_([id_ for id_ in ids if wanted in {mac_address(id_, name) for name in INTERFACES}])
        )
    return devices


def sorted_(call: Call, devices: Select[Any]) -> Select[Any]:
    """The devices in the order that the query asks for, the oldest first unless it does."""
    column = _SORTED.get(call.query.get("sort_by", ""), Device.created_at)
    descending = call.query.get("sort_direction", "").lower() == "desc"
    # The id settles ties: pages must neither repeat nor lose a device.
    return devices.order_by(column.desc() if descending else column, Device.id)


def _search(call: Call, text: str) -> ColumnElement[bool]:
    catalogue = call.context.catalogue
    plans = [plan.slug for plan in catalogue.plans.values() if text in (plan.slug, plan.name)]
    systems = [item.slug for item in catalogue.operating_systems.values() if text in (item.slug, item.name)]
    facilities = [item.code for item in catalogue.facilities.values() if text in (item.code, item.name)]
    having = select(DeviceAddress.device_id).where(DeviceAddress.address == text)
    return or_(
        Device.hostname.contains(text, autoescape=True),
        Device.description.contains(text, autoescape=True),
        _TAG_LINES.contains(json.dumps(text)[1:-1], autoescape=True),
        Device.id.startswith(text, autoescape=True),
        Device.hardware_reservation_id.startswith(text, autoescape=True),
        Device.id.in_(having),
        Device.plan.in_(plans),
        Device.operating_system.in_(systems),
        Device.facility.in_(facilities),
    )


def _plans(call: Call, text: str) -> ColumnElement[bool]:
    wanted = set(text.split(","))
    plans = call.context.catalogue.plans.values()
    return Device.plan.in_([plan.slug for plan in plans if wanted & {plan.slug, plan.class_, plan.id}])


def _categories(call: Call, text: str) -> ColumnElement[bool]:
    plans = call.context.catalogue.plans.values()
    return Device.plan.in_([plan.slug for plan in plans if plan.category in text.split(",")])


def _is_true(name: str, text: str) -> bool:
    words = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in words:
        raise InvalidError(f"{name} {text!r} is not valid; allowed are true, false")
    return words[text.lower()]


def _has(name: str, column: ColumnElement[Any]) -> Callable[[Call, str], ColumnElement[bool]]:
    def condition(_call: Call, text: str) -> ColumnElement[bool]:
        return column.is_not(None) if _is_true(name, text) else column.is_(None)

    return condition


_CONDITIONS: dict[str, Callable[[Call, str], ColumnElement[bool]]] = {
    "search": _search,
    "hostname": lambda _call, text: Device.hostname.contains(text, autoescape=True),
    "state": lambda _call, text: Device.state.in_([state for state in State if state in text.split(",")]),
    "type": _plans,
    "facility": lambda _call, text: Device.facility.in_(text.split(",")),
    "metro": lambda _call, text: Device.metro.in_(text.split(",")),
    "categories": _categories,
    "reserved": _has("reserved", Device.hardware_reservation_id.expression),
    "has_termination_time": _has("has_termination_time", Device.termination_time.expression),
}
