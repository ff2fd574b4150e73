# SPDX-License-Identifier: GPL-3.0-or-later
"""How a device is shown: with all keys, always, since clients dereference without looking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy import bindparam, select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from packetd.api import ports
from packetd.api.calls import Call
from packetd.api.events import show_event
from packetd.api.facilities import facility_link
from packetd.api.ip_assignments import addresses_of
from packetd.api.metros import metro_link
from packetd.api.operating_systems import operating_system_link
from packetd.api.plans import plan_link
from packetd.api.projects import project_link
from packetd.api.ssh_keys import ssh_key_link
from packetd.api.users import UserLite, show_maker
from packetd.api.views import Link, Reference
from packetd.api.volume_views import volume_link
from packetd.model.lifecycle import PROVISIONING_EVENTS, State, provisioning_percentage
from packetd.model.moments import moment
from packetd.store.ports import ports_of
from packetd.store.tables import Device, Event, now

_PASSWORD_SHOWN = timedelta(hours=24)

# What showing a device looks at: loaded with a list of them, not one by one.
LOADED: tuple[ORMOption, ...] = (
    selectinload(Device.addresses),
    selectinload(Device.assignments),
    selectinload(Device.ssh_keys),
    selectinload(Device.vlan_assignments),
    selectinload(Device.volume_attachments),
)

# Statements that are executed often are made once: that costs more than to execute them.
_PROVISIONING_EVENTS = (
    select(Event)
    .where(Event.device_id.in_(bindparam("devices", expanding=True)), Event.type.startswith("provisioning."))
    .order_by(Event.serial)
)


class DeviceView(TypedDict):
    """A machine. Times are RFC 3339, prices in dollars an hour, the percentage is from 0 to 100."""

    id: str
    short_id: str
    href: str
    hostname: str
    description: str | None
    state: str
    tags: list[str]
    customdata: dict[str, Any]
    billing_cycle: str
    locked: bool
    project: Link
    project_lite: Reference
    created_by: UserLite | None
    created_at: str | None
    updated_at: str | None
    termination_time: str | None
    spot_instance: bool
    spot_price_max: float | None
    plan: Link
    facility: Link
    metro: Link
    hardware_reservation: Link | None
    switch_uuid: str
    iqn: str
    sos: str
    image_url: str | None
    storage: dict[str, Any] | None
    features: dict[str, Any]
    operating_system: Link
    user: str
    root_password: str | None
    ssh_keys: list[Link]
    userdata: str
    ipxe_script_url: str | None
    always_pxe: bool
    actions: list[dict[str, str]]
    provisioning_percentage: float | None
    provisioning_events: list[dict[str, Any]]
    ip_addresses: list[Link]
    network_ports: list[Link]
    network_type: str
    bonding_mode: int
    network_frozen: bool
    volumes: list[Link]


def show_device(call: Call, device: Device) -> DeviceView:
    return show_devices(call, [device])[0]


def show_devices(call: Call, devices: Sequence[Device]) -> list[DeviceView]:
    events = _provisioning_events(call, [device.id for device in devices if device.progress])
    return [_show(call, device, events[device.id]) for device in devices]


def device_link(call: Call, device: Device) -> Link:
    return Link(call.href(f"/devices/{device.id}"), lambda: show_device(call, device))


def _show(call: Call, device: Device, events: Iterable[Event]) -> DeviceView:
    catalogue = call.context.catalogue
    system = catalogue.operating_systems[device.operating_system]
    short = device.id[:8]
    return {
        "id": device.id,
        "short_id": short,
        "href": call.href(f"/devices/{device.id}"),
        "hostname": device.hostname,
        "description": device.description,
        "state": device.state,
        "tags": device.tags,
        "customdata": device.customdata,
        "billing_cycle": device.billing_cycle,
        "locked": device.locked,
        "project": project_link(call, device.project_id or ""),
        "project_lite": {"href": call.href(f"/projects/{device.project_id}")},
        "created_by": show_maker(call, device.user_id),
        "created_at": moment(device.created_at),
        "updated_at": moment(device.updated_at),
        "termination_time": moment(device.termination_time),
        "spot_instance": device.spot_instance,
        "spot_price_max": device.spot_price_max,
        "plan": plan_link(call, catalogue.plans[device.plan], expanded=True),
        "facility": facility_link(call, catalogue.facilities[device.facility], expanded=True),
        "metro": metro_link(call, catalogue.metros[device.metro], expanded=True),
        "hardware_reservation": _hardware_reservation(call, device),
        "switch_uuid": short,
        "iqn": device.iqn,
        "sos": f"{device.id}@sos.{device.facility}.platformequinix.com",
        "image_url": device.image_url,
        "storage": device.storage or None,
        "features": device.features,
        "operating_system": operating_system_link(call, system),
        "user": system.user,
        "root_password": device.root_password if password_shown_until(device) else None,
        "ssh_keys": [ssh_key_link(call, key) for key in device.ssh_keys],
        "userdata": device.userdata,
        "ipxe_script_url": device.ipxe_script_url,
        "always_pxe": device.always_pxe,
        "actions": _actions(device),
        "provisioning_percentage": provisioning_percentage(device.state, device.progress),
        "provisioning_events": _progress(call, device, events),
        "ip_addresses": addresses_of(call, device),
        "network_ports": ports.port_links(call, device),
        "network_type": ports_of(device).network_type,
        "bonding_mode": 4,
        "network_frozen": device.network_frozen,
        "volumes": [volume_link(call, item.volume_id) for item in device.volume_attachments],
    }


def _hardware_reservation(call: Call, device: Device) -> Link | None:
    if device.hardware_reservation_id is None:
        return None
    # Here, as a reservation shows its device.
    from packetd.api.hardware_reservations import hardware_reservation_link

    return hardware_reservation_link(call, device.hardware_reservation_id)


def password_shown_until(device: Device) -> datetime | None:
    """Until when its password is shown, None when it is not: on the first day, as Packet did."""
    installed = device.phoned_home_at
    if device.root_password is None or device.state is not State.ACTIVE or installed is None:
        return None
    until = installed + _PASSWORD_SHOWN
    return until if now() < until else None


def _actions(device: Device) -> list[dict[str, str]]:
    names = {State.ACTIVE: ["power_off", "reboot", "rescue", "reinstall"], State.INACTIVE: ["power_on"]}
    return [{"type": name, "name": name} for name in names.get(device.state, [])]


def _provisioning_events(call: Call, device_ids: Sequence[str]) -> dict[str, list[Event]]:
    by_device: dict[str, list[Event]] = defaultdict(list)
    if device_ids:
        for event in call.session.scalars(_PROVISIONING_EVENTS, {"devices": device_ids}):
            by_device[event.device_id or ""].append(event)
    return by_device


def _progress(call: Call, device: Device, events: Iterable[Event]) -> list[dict[str, Any]]:
    """All steps of the present installation; those to come have no id yet."""
    latest = {event.type: event for event in events}
    return [
        dict(show_event(call, latest[type_]))
        if position < device.progress and type_ in latest
        else {"id": None, "type": type_, "body": body.split(" with ")[0], "created_at": None}
        for position, (type_, body) in enumerate(PROVISIONING_EVENTS)
    ]
