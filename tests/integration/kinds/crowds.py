# SPDX-License-Identifier: GPL-3.0-or-later
"""Many others of a sort beside the object that a test is about, put straight into what packetd stores."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from kinds_packet import PacketWorld
from packet_options import KEY
from sqlalchemy import delete, select, update

from packetd.model.lifecycle import State
from packetd.store.tables import (
    Device,
    Organization,
    Project,
    Reservation,
    SSHKey,
    Token,
    VirtualNetwork,
    Volume,
)
from packetd.store.tables.accounts import User
from packetd.store.tables.market import SpotMarketRequest
from packetd.store.tables.members import Member, Membership

OTHERS = 249

Crowd = Callable[[PacketWorld], AbstractContextManager[None]]


def of(table: type[Any], path: str, order: dict[str, Any], vary: Callable[[int], dict[str, Any]]) -> Crowd:
    """The object that packetd makes of an order, and copies of it, each with what `vary` gives its number."""

    @contextmanager
    def crowd(world: PacketWorld) -> Iterator[None]:
        made = world.api.add(path.format(project=world.project["id"]), **order)
        with world.api.store.write() as session:
            first = session.get_one(table, made["id"])
            kept = {column.key: getattr(first, column.key) for column in table.__table__.columns}
            del kept["id"]
            others = [table(**{**kept, **vary(number)}) for number in range(1, OTHERS)]
            session.add_all(others)
            session.flush()
            session.add_all(_owned(other, session.scalars(select(User)).one()) for other in others)
            ids = [made["id"], *(other.id for other in others)]
        try:
            yield
        finally:
            with world.api.store.write() as session:
                session.execute(delete(table).where(table.id.in_(ids)))

    return crowd


def _owned(thing: Any, user: User) -> Any:
    """What lets the user see it: what is in a project or the user's own needs nothing more."""
    if isinstance(thing, Project):
        return Membership(project_id=thing.id, user_id=user.id, roles=["owner"])
    if isinstance(thing, Organization):
        return Member(organization_id=thing.id, user_id=user.id, roles=["owner"])
    return thing


def _named(number: int) -> dict[str, Any]:
    return {"name": f"other {number}"}


def _described(number: int) -> dict[str, Any]:
    return {"description": f"other {number}"}


def _labelled(number: int) -> dict[str, Any]:
    return {"label": f"other {number}", "key": f"{KEY[:-4]}{number:04d}"}


def _numbered(number: int) -> dict[str, Any]:
    return {"vxlan": 2000 + number, **_described(number)}


def _secret(number: int) -> dict[str, Any]:
    return {"digest": uuid.uuid4().hex, **_described(number)}


def _addressed(number: int) -> dict[str, Any]:
    # They are none of the addresses that a project may have.
    return {"network": f"{ipaddress.ip_address('198.18.0.0') + number}/32", "quantity": 0}


def _stored(number: int) -> dict[str, Any]:
    return _described(number)


@contextmanager
def devices(world: PacketWorld) -> Iterator[None]:
    """They stand there, and the provisioner has no work with them."""
    order = {"plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}
    batch = {**order, "hostname": "other-{{index}}", "quantity": OTHERS}
    world.api.call_api(f"projects/{world.project['id']}/devices/batch", "POST", {"batches": [batch]})
    with world.api.store.write() as session:
        others = update(Device).where(Device.hostname.startswith("other-"))
        session.execute(others.values(state=State.ACTIVE, goal=None))
    yield


_KEY = {"label": "other", "key": f"{KEY[:-4]}0000"}
_ADDRESS = {"type": "public_ipv4", "quantity": 1, "tags": ["other"], "metro": "sv"}
_VOLUME = {"plan": "storage_1", "facility": "ewr1", "description": "other"}
_BID = {
    "devices_min": 1,
    "devices_max": 1,
    "max_bid_price": 0.01,
    "metro": "da",
    "instance_parameters": {"plan": "c3.small.x86", "operating_system": "debian_12", "tags": ["other"]},
}
VOLUMES = of(Volume, "projects/{project}/storage", _VOLUME, _stored)
ADDRESSES = of(Reservation, "projects/{project}/ips", _ADDRESS, _addressed)

CROWDS: dict[str, Crowd] = {
    "project": of(Project, "projects", {"name": "other"}, _named),
    "organization": of(Organization, "organizations", {"name": "other"}, _named),
    "ssh_key of a project": of(SSHKey, "projects/{project}/ssh-keys", _KEY, _labelled),
    "ssh_key of the user": of(SSHKey, "ssh-keys", _KEY, _labelled),
    "api_key of a project": of(Token, "projects/{project}/api-keys", {"description": "other"}, _secret),
    "api_key of the user": of(Token, "user/api-keys", {"description": "other"}, _secret),
    "ip_reservation": ADDRESSES,
    "ip_assignment": ADDRESSES,
    "vlan": of(
        VirtualNetwork, "projects/{project}/virtual-networks", {"metro": "sv", "vxlan": 2000}, _numbered
    ),
    "volume": VOLUMES,
    "snapshot_policy": VOLUMES,
    "spot_market_request": of(
        SpotMarketRequest, "projects/{project}/spot-market-requests", _BID, lambda _number: {}
    ),
}
"""By the first words of a case's name; those of all others look through devices."""


def crowd_of(name: str) -> Crowd:
    """The crowd in which a case has to find its object."""
    return next((crowd for words, crowd in CROWDS.items() if name.startswith(words)), devices)
