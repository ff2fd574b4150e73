# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata service: what a device can learn of itself, known by the address it calls from.

Two forms of the same: Packet's JSON (/metadata, /userdata) and that of EC2 (/2009-04-04/...), which
cloud-init reads. A device reports here that it is up (/phone-home) and how its setup goes (/events).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from ipaddress import ip_network
from typing import Any

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from packetd.api.body import read_json
from packetd.api.calls import respond
from packetd.api.plans import specs
from packetd.api.turns import Turns
from packetd.model.bgp import BGPNeighbor
from packetd.model.catalogue import Catalogue
from packetd.model.moments import moment
from packetd.model.ports import BOND, INTERFACES, mac_address
from packetd.store import Store
from packetd.store.bgp import neighbors_of
from packetd.store.events import tell
from packetd.store.ports import ports_of
from packetd.store.tables import Assignment, Device, DeviceAddress, Volume

HOSTS = ("metadata.packet.net", "metadata.platformequinix.com")
_URL = "http://metadata.packet.net"
_EC2_VERSIONS = ("2009-04-04", "latest")
_USER_STATES = ("running", "succeeded", "failed")
_USER_CODES = range(1000, 1100)
# What could be taken for a part of a path or listing.
_NOT_A_WORD = re.compile(r"[^\w.@+-]")

Tree = Mapping[str, "str | Tree"]
# Calls through the proxy arrive from the proxy; this says which address is behind such a peer.
Origins = MutableMapping[tuple[str, int], str]


class Metadata:
    """Answers out of the store; ``phone_home`` is called with the id of a device that reports."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        phone_home: Callable[[str], None],
        origins: Origins,
        turns: Turns,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._phone_home = phone_home
        self._origins = origins
        self._turns = turns

    def application(self) -> Starlette:
        versions = "{version:path}"
        return Starlette(
            routes=[
                Route("/metadata", self._endpoint(self._packet), methods=["GET"]),
                Route("/userdata", self._endpoint(self._userdata), methods=["GET"]),
                Route("/phone-home", self._endpoint(self._phoned), methods=["POST"]),
                Route("/events", self._endpoint(self._user_state), methods=["POST"]),
                Route(f"/{versions}", self._endpoint(self._ec2), methods=["GET"]),
            ]
        )

    def _endpoint(self, answer: Callable[[Session, Device, str, bytes], Response]) -> Any:
        async def endpoint(request: Request) -> Response:
            caller = self._caller(request)
            body = await request.body()
            return await self._turns.run(caller, self._answer, caller, request.url.path, body, answer)

        return endpoint

    def _caller(self, request: Request) -> str:
        """The address of the device that asks."""
        client = request.client
        return "" if client is None else self._origins.get((client.host, client.port), client.host)

    def _answer(
        self,
        caller: str,
        path: str,
        body: bytes,
        answer: Callable[[Session, Device, str, bytes], Response],
    ) -> Response:
        with self._store.read() as session:
            device = _device_at(session, caller)
            if device is None:
                return respond(404, {"errors": ["Not found"]})
            return answer(session, device, path, body)

    def _packet(self, session: Session, device: Device, _path: str, _body: bytes) -> Response:
        return respond(200, packet_metadata(device, self._catalogue, neighbors_of(session, device)))

    def _userdata(self, _session: Session, device: Device, _path: str, _body: bytes) -> Response:
        return _text(device.userdata)

    def _phoned(self, session: Session, device: Device, _path: str, _body: bytes) -> Response:
        # Who holds a connection while waiting for another one can be one of many who wait for ever.
        session.close()
        self._phone_home(device.id)
        return Response(status_code=200)

    def _user_state(self, reading: Session, device: Device, _path: str, body: bytes) -> Response:
        try:
            state = msgspec.convert(read_json(body), _UserState)
        except ValueError as error:
            return respond(422, {"errors": [str(error)]})
        if state.state not in _USER_STATES or state.code not in _USER_CODES:
            allowed = f"state must be one of {', '.join(_USER_STATES)}, code 1000 to 1099"
            return respond(422, {"errors": [allowed]})
        reading.close()
        with self._store.write() as session:
            type_ = f"user.{state.code}"
            tell(session, session.get_one(Device, device.id), type_, f"{state.state}: {state.message}")
        return Response(status_code=204)

    def _ec2(self, _session: Session, device: Device, path: str, _body: bytes) -> Response:
        version, _, rest = path.strip("/").partition("/")
        if version in _EC2_VERSIONS and rest == "user-data":
            # cloud-init takes 404 for no user data.
            return _text(device.userdata) if device.userdata else respond(404, {"errors": ["Not found"]})
        found = _walk(ec2_tree(device, self._catalogue), rest) if version in _EC2_VERSIONS else None
        if found is None:
            return respond(404, {"errors": ["Not found"]})
        return _text(found)


class _UserState(msgspec.Struct):
    state: str
    code: int
    message: str = ""


def _text(text: str) -> Response:
    return PlainTextResponse(text.encode())


def _device_at(session: Session, address: str) -> Device | None:
    """The device that has this address, of its own or an elastic one."""
    own = select(DeviceAddress.device_id).where(DeviceAddress.address == address)
    elastic = select(Assignment.device_id).where(Assignment.network == f"{address}/32")
    wanted = select(Device).where(or_(Device.id.in_(own), Device.id.in_(elastic)))
    return session.scalars(wanted).first()


def packet_metadata(
    device: Device, catalogue: Catalogue, neighbors: Sequence[BGPNeighbor] = ()
) -> dict[str, Any]:
    """What /metadata says of a device."""
    system, plan = catalogue.operating_systems[device.operating_system], catalogue.plans[device.plan]
    return {
        "id": device.id,
        "hostname": device.hostname,
        "iqn": device.iqn,
        "operating_system": {
            "slug": system.slug,
            "distro": system.distro,
            "version": system.version,
            "license_activation": {"state": "unlicensed"},
            "image_tag": None,
        },
        "plan": device.plan,
        "class": plan.class_ or device.plan,
        "reserved": device.hardware_reservation_id is not None,
        "facility": device.facility,
        "metro": device.metro,
        "private_subnets": ["10.0.0.0/8"],
        "tags": device.tags,
        "ssh_keys": [key.key for key in device.ssh_keys],
        "customdata": device.customdata,
        "specs": specs(plan),
        "switch_short_id": device.id[:8],
        "storage": device.storage,
        "volumes": [_volume(item.volume) for item in device.volume_attachments],
        "network": _network(device),
        "bgp_neighbors": list(neighbors),
        "spot": _spot(device),
        "api_url": "https://metadata.packet.net",
        "phone_home_url": f"{_URL}/phone-home",
        "user_state_url": f"{_URL}/events",
    }


def _spot(device: Device) -> dict[str, str | None]:
    """When it ends, for a device of the spot market that was told so."""
    if not device.spot_instance or device.termination_time is None:
        return {}
    return {"termination_time": moment(device.termination_time)}


def _volume(volume: Volume) -> dict[str, Any]:
    return {
        "name": volume.name,
        "iqn": volume.iqn,
        "ips": volume.portals,
        # As Packet wrote it: the size is a string.
        "capacity": {"size": str(volume.size), "unit": "gb"},
    }


def _network(device: Device) -> dict[str, Any]:
    own = [_address(item) for item in device.addresses if item.attached]
    ports = ports_of(device)
    return {
        "bonding": {"mode": 4, "link_aggregation": "bonded", "mac": mac_address(device.id, BOND)},
        "interfaces": [
            {
                "name": name,
                "mac": mac_address(device.id, name),
                "bond": BOND if ports.bonded(name) else None,
            }
            for name in INTERFACES
        ],
        "addresses": own,
    }


def _address(item: DeviceAddress) -> dict[str, Any]:
    network = item.network.partition("/")[0]
    return {
        "id": item.id,
        "address_family": item.family,
        "netmask": str(ip_network(item.network).netmask),
        "created_at": moment(item.created_at),
        "public": item.public,
        "cidr": item.cidr,
        "management": True,
        "enabled": True,
        "network": network,
        "address": item.address,
        "gateway": item.gateway,
        "parent_block": {
            "network": network,
            "netmask": str(ip_network(item.network).netmask),
            "cidr": item.cidr,
            "href": f"/ips/{item.id}",
        },
    }


def ec2_tree(device: Device, catalogue: Catalogue) -> Tree:
    """What lies under /2009-04-04, as directories and files."""
    system = catalogue.operating_systems[device.operating_system]
    return {
        "meta-data": {
            "instance-id": device.id,
            "hostname": device.hostname,
            "local-hostname": device.hostname,
            "iqn": device.iqn,
            "plan": device.plan,
            "facility": device.facility,
            "metro": device.metro,
            "tags": "\n".join(device.tags),
            "operating-system": {
                "slug": system.slug,
                "distro": system.distro,
                "version": system.version,
                "image_tag": "",
                "license_activation": {"state": "unlicensed"},
            },
            "public-keys": {
                f"{number}={_NOT_A_WORD.sub('_', key.label)}": {"openssh-key": key.key}
                for number, key in enumerate(device.ssh_keys)
            },
            "public-ipv4": _first_address(device, 4, public=True),
            "public-ipv6": _first_address(device, 6, public=True),
            "local-ipv4": _first_address(device, 4, public=False),
            "spot": {name.replace("_", "-"): value or "" for name, value in _spot(device).items()},
        },
        "user-data": device.userdata,
    }


def _first_address(device: Device, family: int, *, public: bool) -> str:
    """The device's own address of a kind, "" for none."""
    kind = (family, public, True)
    found = (item.address for item in device.addresses if (item.family, item.public, item.attached) == kind)
    return next(found, "")


def _walk(tree: Tree, path: str) -> str | None:
    """The file at a path, or a listing of the directory there; None when there is neither."""
    found: str | Tree = tree
    for part in [part for part in path.split("/") if part]:
        if isinstance(found, str):
            return None
        # A key is listed as "0=laptop" and asked for as "0".
        names = [name for name in found if name == part or name.startswith(f"{part}=")]
        if not names:
            return None
        found = found[names[0]]
    if isinstance(found, str):
        return found
    return "\n".join(_listed(name, value) for name, value in found.items())


def _listed(name: str, value: str | Tree) -> str:
    return name if isinstance(value, str) or "=" in name else f"{name}/"
