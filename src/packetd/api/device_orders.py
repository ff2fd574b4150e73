# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for when devices are created, and making them: one at a time or hundreds in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from sqlalchemy import or_, select

from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.errors import UnavailableError
from packetd.api.places import find_facility, find_metro
from packetd.model.addresses import ExhaustedError, NetworkPlan, free_hosts
from packetd.model.catalogue import Facility, OperatingSystem, Plan, find
from packetd.model.hostnames import RULE, is_hostname
from packetd.store.tables import Batch, Device, DeviceAddress, Project, SSHKey, new_id

_LONGEST_TAG = 80
# Packet took at least 128 KiB (users' reports); this is where it becomes a mistake.
_LARGEST_USERDATA = 1024 * 1024


@dataclass(frozen=True)
class Order:
    """One device that is wanted, checked against the catalogue."""

    hostname: str
    plan: Plan
    operating_system: OperatingSystem
    facility: Facility
    ssh_keys: tuple[str, ...]
    others: dict[str, Any]


def read_hostname(body: Body, hostname: str | None = None) -> str:
    name = hostname or body.text("hostname", required=True) or ""
    if name and not is_hostname(name):
        body.wrong("hostname", f"{name!r} is not a valid host name: {RULE}")
    return name


def read_tags(body: Body) -> list[str]:
    return body.words("tags", longest=_LONGEST_TAG)


def read_userdata(body: Body) -> str:
    text = body.text("userdata") or ""
    if len(text.encode()) > _LARGEST_USERDATA:
        body.wrong("userdata", f"is larger than {_LARGEST_USERDATA} bytes")
    return text


def read_order(call: Call, body: Body, hostname: str | None = None) -> Order:
    """The order in a body; raises InvalidError, or UnavailableError when there is no capacity for it."""
    name = read_hostname(body, hostname)
    plan = _read_plan(call, body)
    system = read_operating_system(call, body)
    facilities = _read_facilities(call, body)
    keys = _read_ssh_keys(call, body)
    others = _read_others(body)
    body.check()
    # What is missing was noted, so that check() has raised.
    assert plan is not None
    assert system is not None
    facility = _with_capacity(plan, facilities)
    return Order(name, plan, system, facility, keys, others)


def _read_others(body: Body) -> dict[str, Any]:
    script = body.text("ipxe_script_url")
    userdata = read_userdata(body)
    if body.values.get("operating_system") == "custom_ipxe" and not (script or userdata.startswith("#!ipxe")):
        body.wrong("ipxe_script_url", "can't be blank for operating_system custom_ipxe")
    return {
        "description": body.text("description"),
        "tags": read_tags(body),
        "billing_cycle": body.text("billing_cycle") or "hourly",
        "locked": body.flag("locked"),
        "userdata": userdata,
        "customdata": body.mapping("customdata"),
        "ipxe_script_url": script,
        "always_pxe": body.flag("always_pxe"),
        "termination_time": body.moment("termination_time"),
    }


def _read_plan(call: Call, body: Body) -> Plan | None:
    name = body.text("plan", required=True)
    if name is None:
        return None
    plans = call.context.catalogue.server_plans()
    plan = find(plans, name)
    if plan is None:
        body.wrong("plan", f"{name!r} is not a valid plan; allowed are {', '.join(plans)}")
    return plan


def read_operating_system(call: Call, body: Body) -> OperatingSystem | None:
    name = body.text("operating_system", required=True)
    if name is None:
        return None
    systems = call.context.catalogue.operating_systems
    system = find(systems, name)
    if system is None:
        body.wrong(
            "operating_system", f"{name!r} is not a valid operating system; allowed are {', '.join(systems)}"
        )
    elif call.installable is not None and system.slug not in call.installable:
        present = ", ".join(sorted(call.installable)) or "none yet"
        body.wrong(
            "operating_system",
            f"{name!r} has no image here; images: {present} (packetd image build {system.slug} makes one)",
        )
    return system


def _read_facilities(call: Call, body: Body) -> list[Facility]:
    """The facilities that would do, the preferred first."""
    catalogue = call.context.catalogue
    names = body.words("facility")
    metro_name = body.text("metro")
    if not names and metro_name is None:
        body.wrong("metro", "or facility can't be blank")
        return []
    metro = find_metro(call, body, metro_name)
    named = [name for name in names if name != "any"]
    found = [find_facility(call, body, name) for name in named] or list(catalogue.facilities.values())
    fitting = [place for place in found if place and metro in (None, catalogue.metros[place.metro])]
    if not fitting and all(found):
        body.wrong("facility", f"{', '.join(names)!r} is not in metro {metro_name!r}")
    return fitting


def _with_capacity(plan: Plan, facilities: Sequence[Facility]) -> Facility:
    for facility in facilities:
        if facility.code not in plan.unavailable_in:
            return facility
    places = ", ".join(facility.code for facility in facilities)
    raise UnavailableError(f"The facility {places} has no provisionable {plan.slug} servers")


def _read_ssh_keys(call: Call, body: Body) -> tuple[str, ...]:
    """Ids of the keys of the new device: those named, or else all of the project and its user."""
    if body.flag("no_ssh_keys"):
        return ()
    keys = _usable_keys(call)
    named = {
        field: body.words(field)
        for field in ("project_ssh_keys", "user_ssh_keys", "ssh_keys")
        if body.values.get(field)
    }
    if not any(named.values()):
        return tuple(keys)
    for field, ids in named.items():
        for id_ in ids:
            if id_ not in keys:
                body.wrong(field, f"{id_!r} is no SSH key of this project or user")
    return tuple(id_ for ids in named.values() for id_ in ids)


def _usable_keys(call: Call) -> list[str]:
    wanted = select(SSHKey.id).where(
        or_(SSHKey.project_id == call.path["id"], SSHKey.user_id == call.user.id)
    )
    return list(call.session.scalars(wanted.order_by(SSHKey.created_at)))


def order_devices(
    call: Call, project: Project, orders: Sequence[Order], batch: Batch | None = None
) -> list[Device]:
    """Devices for all the orders, with their addresses; raises UnavailableError when those run out.

    Addresses are taken now, not when provisioning begins: what is accepted can be carried out.
    """
    network = call.context.driver.network
    public = _free_addresses(call, network.public, len(orders))
    private = _free_addresses(call, network.private, len(orders))
    keys = {
        key.id: key for key in call.session.scalars(select(SSHKey).where(SSHKey.id.in_(_key_ids(orders))))
    }
    devices = []
    for order, *pair in zip(orders, public, private, strict=True):
        device = Device(
            id=new_id(),
            project_id=project.id,
            batch_id=batch.id if batch else None,
            user_id=call.user.id,
            hostname=order.hostname,
            plan=order.plan.slug,
            operating_system=order.operating_system.slug,
            facility=order.facility.code,
            metro=order.facility.metro,
            ssh_keys=[keys[id_] for id_ in dict.fromkeys(order.ssh_keys)],
            addresses=_addresses(network, *pair),
            assignments=[],
            **order.others,
        )
        devices.append(device)
    call.session.add_all(devices)
    call.session.flush()
    return devices


def _key_ids(orders: Sequence[Order]) -> set[str]:
    return {id_ for order in orders for id_ in order.ssh_keys}


def _free_addresses(call: Call, network: IPv4Network, count: int) -> list[IPv4Address]:
    # Nobody takes one in between: this runs in the transaction of the only writer. Where a database
    # has several, the addresses' unique key refuses the second.
    wanted = select(DeviceAddress.address).where(DeviceAddress.network == str(network))
    taken = {IPv4Address(address) for address in call.session.scalars(wanted)}
    try:
        return free_hosts(network, taken, count)
    except ExhaustedError as error:
        raise UnavailableError(f"There are no addresses left for new devices: {error}") from None


def _addresses(network: NetworkPlan, public: IPv4Address, private: IPv4Address) -> list[DeviceAddress]:
    ends = (
        (public, network.public, network.gateway, True),
        (private, network.private, network.private_gateway, False),
    )
    return [
        DeviceAddress(
            position=position,
            address=str(address),
            network=str(subnet),
            gateway=str(gateway),
            cidr=subnet.prefixlen,
            family=4,
            public=is_public,
        )
        for position, (address, subnet, gateway, is_public) in enumerate(ends)
    ]
