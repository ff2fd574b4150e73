# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what is asked for when devices are created, and has them placed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, or_, select

from packetd.api import device_fields as fields
from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.errors import InvalidError, UnavailableError
from packetd.api.places import find_facility, find_metro
from packetd.model.catalogue import OperatingSystem, Plan, find
from packetd.model.orders import USUAL, AddressWish, Order
from packetd.model.roles import Right
from packetd.model.ssh_keys import fingerprint
from packetd.store.placement import NoCapacityError, Owner, RefusedOrderError, Site, place
from packetd.store.tables import Device, HardwareReservation, Membership, SSHKey

# One usable address: the machine's own. More come from reservations.
_SINGLE = {4: (0, 31, 32), 6: (0, 127, 128)}

# Made once, as every order executes it.
_USABLE_KEYS = (
    select(SSHKey)
    .where(
        or_(
            SSHKey.project_id == bindparam("project"),
            SSHKey.user_id == bindparam("user"),
            SSHKey.user_id.in_(
                select(Membership.user_id).where(Membership.project_id == bindparam("project"))
            ),
        )
    )
    .order_by(SSHKey.created_at)
)


def site(call: Call, *, joint: bool = False) -> Site:
    """``joint`` orders of several calls come to nothing where a fault may strike one of them: it strikes, and
    counts, when each is handled alone."""
    context = call.context
    exhausted = context.faults.concern_order if joint else context.faults.exhausted
    return Site(context.catalogue, context.driver, exhausted, context.device_quota)


def read_order(call: Call, body: Body, project_id: str, hostname: str | None = None) -> Order:
    """The order in a body, under ``hostname`` if that is given; raises InvalidError."""
    name = fields.HOSTNAME.read(body) if hostname is None else fields.check_hostname(body, hostname)
    plan = _read_plan(call, body)
    system = read_operating_system(call, body)
    facilities = _read_facilities(call, body)
    kept = read_kept(call, body)
    boots = kept["ipxe_script_url"] is not None or kept["userdata"].startswith("#!ipxe")
    if system is not None and system.slug == "custom_ipxe" and not boots:
        body.wrong("ipxe_script_url", "can't be blank for operating_system custom_ipxe")
    order = Order(
        hostname=name,
        plan=plan.slug if plan else "",
        operating_system=system.slug if system else "",
        facilities=facilities,
        ssh_keys=_read_ssh_keys(call, body, project_id),
        addresses=_read_addresses(call, body),
        hardware_reservation=fields.HARDWARE_RESERVATION.read(body),
        spot_price_max=_read_bid(body, plan),
        termination_time=fields.TERMINATION_TIME.read(body) or fields.TERMINATION_TIMESTAMP.read(body),
        others=kept,
    )
    body.check()
    return order


def read_kept(call: Call, body: Body) -> dict[str, Any]:
    check_userdata(call, body)
    return {attribute: field.read(body) for attribute, field in fields.KEPT.items()}


def check_userdata(call: Call, body: Body) -> None:
    """Note on the body when its user data is too large."""
    size, limit = len(fields.USERDATA.read(body).encode()), call.context.userdata_limit
    if size > limit:
        body.wrong("userdata", f"has {size} bytes, {limit} are allowed (packetd serve --userdata-limit)")


def _read_plan(call: Call, body: Body) -> Plan | None:
    name = fields.PLAN.read(body)
    if not name:
        return None
    plans = call.context.catalogue.server_plans()
    plan = find(plans, name)
    if plan is None:
        body.wrong("plan", f"{name!r} is not a valid plan; allowed are {', '.join(plans)}")
    return plan


def read_operating_system(call: Call, body: Body) -> OperatingSystem | None:
    name = fields.OPERATING_SYSTEM.read(body)
    if not name:
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


def _read_facilities(call: Call, body: Body) -> tuple[str, ...]:
    """Codes of the facilities that would do, the preferred first."""
    names, metro_name = fields.FACILITY.read(body), fields.METRO.read(body)
    if not names and metro_name is None:
        return _facilities_of_reservation(call, body)
    metro = find_metro(call, body, metro_name)
    named = [find_facility(call, body, name) for name in names if name != "any"]
    found = named or list(call.context.catalogue.facilities.values())
    fitting = [place.code for place in found if place and (metro is None or place.metro == metro.code)]
    if not fitting and all(found) and (metro or metro_name is None):
        body.wrong("facility", f"{', '.join(names)!r} is not in metro {metro_name!r}")
    return tuple(fitting)


def _facilities_of_reservation(call: Call, body: Body) -> tuple[str, ...]:
    """Reserved hardware is where it is; without any, the place must be named."""
    wanted = fields.HARDWARE_RESERVATION.read(body)
    held = call.visible(HardwareReservation, Right.READ).where(HardwareReservation.id == wanted)
    if (reservation := call.session.scalars(held).first()) is not None:
        return (reservation.facility,)
    body.wrong("metro", "or facility can't be blank")
    return ()


def _read_bid(body: Body, plan: Plan | None) -> float | None:
    price = fields.SPOT_PRICE_MAX.read(body)
    if plan is None or not fields.SPOT_INSTANCE.read(body):
        return None
    return plan.hourly if price is None else price


def _read_addresses(call: Call, body: Body) -> tuple[AddressWish, ...]:
    for field in (fields.PUBLIC_SUBNET, fields.PRIVATE_SUBNET):
        _check_single(body, field.name, 4, field.read(body))
    parts = fields.IP_ADDRESSES.read(body)
    network = call.context.driver.network
    if not parts:
        return tuple(wish for wish in USUAL if network.of(wish.family, public=wish.public))
    wishes = tuple(_read_wish(part) for part in parts)
    for part in parts:
        body.errors += [f"ip_addresses: {error}" for error in part.errors]
    kinds = [(wish.family, wish.public) for wish in wishes]
    _check_kinds(call, body, kinds)
    return wishes


def _check_kinds(call: Call, body: Body, kinds: Sequence[tuple[int, bool]]) -> None:
    network, simulated = call.context.driver.network, call.context.driver.simulated
    if len(set(kinds)) < len(kinds):
        body.wrong("ip_addresses", "must name each kind of address once")
    if (4, False) not in kinds:
        body.wrong("ip_addresses", "must contain a private IPv4 address")
    if (4, True) not in kinds and not simulated:
        body.wrong("ip_addresses", "must contain a public IPv4 address: these machines are reached by it")
    for family, public in kinds:
        if network.of(family, public=public) is None:
            kind = f"{'public' if public else 'private'} IPv{family}"
            body.wrong("ip_addresses", f"cannot contain {kind}: the machines here have none")


def _read_wish(part: Body) -> AddressWish:
    family, cidr = fields.ADDRESS_FAMILY.read(part), fields.CIDR.read(part)
    reservations = tuple(fields.RESERVATIONS.read(part))
    public = fields.PUBLIC.read(part)
    if family not in _SINGLE:
        part.wrong("address_family", f"{family} is not valid; allowed are 4, 6")
    elif not reservations:
        _check_single(part, "cidr", family, cidr)
    elif (family, public) != (4, True):
        part.wrong("ip_reservations", "are only for public IPv4 addresses")
    elif cidr > 32:
        part.wrong("cidr", f"{cidr} is not valid; allowed are 28 to 32")
    return AddressWish(family, public, cidr or None, reservations)


def _check_single(body: Body, name: str, family: int, size: int) -> None:
    if size not in _SINGLE[family]:
        allowed = " or ".join(map(str, _SINGLE[family][1:]))
        body.wrong(
            name,
            f"{size} is not valid, as a machine has one address of a kind: {allowed}; for more, reserve"
            " a subnet and name it in ip_addresses[].ip_reservations",
        )


def _read_ssh_keys(call: Call, body: Body, project_id: str) -> tuple[str, ...]:
    """Ids of the keys of the new device: those named, or else all of the project and its people."""
    if fields.NO_SSH_KEYS.read(body):
        return ()
    usable = list(_usable_keys(call, project_id))
    by_id = {key.id: [key.id] for key in usable}
    by_user: dict[str, list[str]] = {}
    for key in usable:
        by_user.setdefault(key.user_id or "", []).append(key.id)
    of_users = {**by_id, **by_user}
    chosen = [
        *_chosen(body, fields.PROJECT_SSH_KEYS.name, fields.PROJECT_SSH_KEYS.read(body), by_id),
        *_chosen(body, fields.USER_SSH_KEYS.name, fields.USER_SSH_KEYS.read(body), of_users),
        *_read_new_keys(call, body, project_id, by_id),
    ]
    return tuple(dict.fromkeys(chosen)) if chosen else tuple(by_id)


def _usable_keys(call: Call, project_id: str) -> Sequence[SSHKey]:
    return call.session.scalars(_USABLE_KEYS, {"project": project_id, "user": call.user.id}).all()


def _chosen(body: Body, name: str, ids: Sequence[str], known: dict[str, list[str]]) -> list[str]:
    for id_ in ids:
        if id_ not in known:
            body.wrong(name, f"{id_!r} is no SSH key of this project or user")
    return [key for id_ in ids for key in known.get(id_, ())]


def _read_new_keys(call: Call, body: Body, project_id: str, known: dict[str, list[str]]) -> list[str]:
    """Ids out of ``ssh_keys``, which names keys or holds new ones; these become the project's."""
    values = body.values.get(fields.SSH_KEYS.name) or []
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        return _chosen(body, fields.SSH_KEYS.name, values, known)
    found = []
    for part in fields.SSH_KEYS.read(body):
        if identifier := part.text("id"):
            found += _chosen(body, fields.SSH_KEYS.name, [identifier], known)
        elif key := _new_key(body, part, project_id):
            call.session.add(key)
            call.session.flush()
            found.append(key.id)
    return found


def _new_key(body: Body, part: Body, project_id: str) -> SSHKey | None:
    label, text = part.text("label", longest=255) or "", part.text("key", required=True) or ""
    body.errors += [f"ssh_keys: {error}" for error in part.errors]
    try:
        return SSHKey(project_id=project_id, label=label, key=text, fingerprint=fingerprint(text))
    except ValueError as error:
        body.wrong("ssh_keys", f"key {error}")
        return None


def order_devices(
    call: Call, project_id: str, orders: Sequence[Order], batch: str | None = None, *, joint: bool = False
) -> list[Device]:
    """Devices for all the orders; raises UnavailableError or InvalidError, and then makes none.

    ``joint`` says that they are of several calls."""
    owner = Owner(project_id, call.user.id, batch_id=batch)
    try:
        return place(call.session, site(call, joint=joint), owner, orders)
    except NoCapacityError as error:
        raise UnavailableError(str(error)) from None
    except RefusedOrderError as error:
        raise InvalidError(str(error)) from None
