# SPDX-License-Identifier: GPL-3.0-or-later
"""How a device is shown: with all keys, always, since clients dereference without looking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from packetd.api.calls import Call
from packetd.api.events import show_event
from packetd.api.facilities import show_facility
from packetd.api.ip_assignments import addresses_of
from packetd.api.metros import show_metro
from packetd.api.operating_systems import show_operating_system
from packetd.api.plans import show_plan
from packetd.api.ports import show_ports
from packetd.api.projects import project_link
from packetd.api.ssh_keys import ssh_key_link
from packetd.api.users import user_link
from packetd.api.views import Document, Link
from packetd.model.lifecycle import PROVISIONING_EVENTS, State, provisioning_percentage
from packetd.model.moments import moment
from packetd.store.tables import Device, Event


def show_device(call: Call, device: Device) -> Document:
    return show_devices(call, [device])[0]


def show_devices(call: Call, devices: Sequence[Device]) -> list[Document]:
    events = _provisioning_events(call, [device.id for device in devices])
    return [_show(call, device, events[device.id]) for device in devices]


def device_link(call: Call, device: Device) -> Link:
    return Link(call.href(f"/devices/{device.id}"), lambda: show_device(call, device))


def _show(call: Call, device: Device, events: Iterable[Event]) -> Document:
    return {
        **_identity(call, device),
        **_hardware(call, device),
        **_system(call, device),
        "state": device.state,
        "locked": device.locked,
        "actions": _actions(device),
        "provisioning_percentage": provisioning_percentage(device.state, device.progress),
        "provisioning_events": _progress(call, device, events),
        "ip_addresses": addresses_of(call, device),
        "network_ports": show_ports(call, device),
        "network_type": "layer3",
        "bonding_mode": 4,
        "network_frozen": False,
        "volumes": [],
    }


def _identity(call: Call, device: Device) -> dict[str, Any]:
    href = call.href(f"/devices/{device.id}")
    return {
        "id": device.id,
        "short_id": device.id[:8],
        "href": href,
        "hostname": device.hostname,
        "description": device.description,
        "tags": device.tags,
        "customdata": device.customdata,
        "billing_cycle": device.billing_cycle,
        "project": project_link(call, device.project_id or ""),
        "project_lite": {"href": call.href(f"/projects/{device.project_id}")},
        "created_by": user_link(call, device.user_id),
        "created_at": moment(device.created_at),
        "updated_at": moment(device.updated_at),
        "termination_time": moment(device.termination_time),
        "spot_instance": False,
        "spot_price_max": None,
    }


def _hardware(call: Call, device: Device) -> dict[str, Any]:
    catalogue = call.context.catalogue
    short = device.id[:8]
    facility, metro = catalogue.facilities[device.facility], catalogue.metros[device.metro]
    plan = catalogue.plans[device.plan]
    return {
        "plan": Link(call.href(f"/plans/{plan.id}"), lambda: show_plan(call, plan), expanded=True),
        "facility": Link(
            call.href(f"/facilities/{facility.id}"), lambda: show_facility(call, facility), expanded=True
        ),
        "metro": Link(call.href(f"/metros/{metro.id}"), lambda: show_metro(metro), expanded=True),
        "hardware_reservation": None,
        "switch_uuid": short,
        "iqn": f"iqn.{device.created_at:%Y-%m}.net.packet:device.{short}",
        "sos": f"{device.id}@sos.{device.facility}.platformequinix.com",
        "image_url": None,
        "storage": None,
    }


def _system(call: Call, device: Device) -> dict[str, Any]:
    system = call.context.catalogue.operating_systems[device.operating_system]
    return {
        "operating_system": Link(
            call.href(f"/operating-systems/{system.id}"),
            lambda: show_operating_system(call, system),
            expanded=True,
        ),
        "user": system.user,
        # Machines are entered with keys only.
        "root_password": None,
        "ssh_keys": [ssh_key_link(call, key) for key in device.ssh_keys],
        "userdata": device.userdata,
        "ipxe_script_url": device.ipxe_script_url,
        "always_pxe": device.always_pxe,
    }


def _actions(device: Device) -> list[dict[str, str]]:
    names = {State.ACTIVE: ["power_off", "reboot", "rescue", "reinstall"], State.INACTIVE: ["power_on"]}
    return [{"type": name, "name": name} for name in names.get(device.state, [])]


def _provisioning_events(call: Call, device_ids: Sequence[str]) -> dict[str, list[Event]]:
    found = call.session.scalars(
        select(Event)
        .where(Event.device_id.in_(device_ids), Event.type.startswith("provisioning."))
        .order_by(Event.serial)
    )
    by_device: dict[str, list[Event]] = defaultdict(list)
    for event in found:
        by_device[event.device_id or ""].append(event)
    return by_device


def _progress(call: Call, device: Device, events: Iterable[Event]) -> list[Document]:
    """All steps of the present installation; those to come have no id yet."""
    latest = {event.type: event for event in events}
    return [
        show_event(call, latest[type_])
        if position < device.progress and type_ in latest
        else {"id": None, "type": type_, "body": body.split(" with ")[0], "created_at": None}
        for position, (type_, body) in enumerate(PROVISIONING_EVENTS)
    ]
