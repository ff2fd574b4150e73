# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata service: what a device can learn of itself, known by the address it calls from.

Two forms of the same: Packet's JSON (/metadata, /userdata) and that of EC2 (/2009-04-04/...), which
cloud-init reads. A device reports here that it is up (/phone-home) and how its setup goes (/events).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from ipaddress import IPv4Network
from typing import Any

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from packetd.api.calls import respond
from packetd.model.catalogue import Catalogue
from packetd.model.moments import moment
from packetd.model.ports import BOND, INTERFACES, mac_address
from packetd.store import Store
from packetd.store.devices import tell
from packetd.store.tables import Assignment, Device, DeviceAddress

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
        self, store: Store, catalogue: Catalogue, phone_home: Callable[[str], None], origins: Origins
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._phone_home = phone_home
        self._origins = origins

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
            return await run_in_threadpool(
                self._answer, request.url.path, request.client, await request.body(), answer
            )

        return endpoint

    def _answer(
        self,
        path: str,
        client: tuple[str, int] | None,
        body: bytes,
        answer: Callable[[Session, Device, str, bytes], Response],
    ) -> Response:
        caller = "" if client is None else self._origins.get((client[0], client[1]), client[0])
        with self._store.read() as session:
            device = _device_at(session, caller)
            if device is None:
                return respond(404, {"errors": ["Not found"]})
            return answer(session, device, path, body)

    def _packet(self, _session: Session, device: Device, _path: str, _body: bytes) -> Response:
        return respond(200, packet_metadata(device, self._catalogue))

    def _userdata(self, _session: Session, device: Device, _path: str, _body: bytes) -> Response:
        return _text(device.userdata)

    def _phoned(self, _session: Session, device: Device, _path: str, _body: bytes) -> Response:
        self._phone_home(device.id)
        return Response(status_code=200)

    def _user_state(self, _session: Session, device: Device, _path: str, body: bytes) -> Response:
        try:
            state = msgspec.json.decode(body, type=_UserState)
        except msgspec.MsgspecError as error:
            return respond(422, {"errors": [str(error)]})
        if state.state not in _USER_STATES or state.code not in _USER_CODES:
            allowed = f"state must be one of {', '.join(_USER_STATES)}, code 1000 to 1099"
            return respond(422, {"errors": [allowed]})
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


def packet_metadata(device: Device, catalogue: Catalogue) -> dict[str, Any]:
    """What /metadata says of a device."""
    system = catalogue.operating_systems[device.operating_system]
    short = device.id[:8]
    return {
        "id": device.id,
        "hostname": device.hostname,
        "iqn": f"iqn.{device.created_at:%Y-%m}.net.packet:device.{short}",
        "operating_system": {
            "slug": system.slug,
            "distro": system.distro,
            "version": system.version,
            "license_activation": {"state": "unlicensed"},
            "image_tag": None,
        },
        "plan": device.plan,
        "class": catalogue.plans[device.plan].class_ or device.plan,
        "reserved": False,
        "facility": device.facility,
        "metro": device.metro,
        "private_subnets": ["10.0.0.0/8"],
        "tags": device.tags,
        "ssh_keys": [key.key for key in device.ssh_keys],
        "customdata": device.customdata,
        "specs": {},
        "switch_short_id": short,
        "storage": {},
        "volumes": [],
        "network": _network(device),
        "bgp_neighbors": [],
        "spot": {},
        "api_url": "https://metadata.packet.net",
        "phone_home_url": f"{_URL}/phone-home",
        "user_state_url": f"{_URL}/events",
    }


def _network(device: Device) -> dict[str, Any]:
    own = [_address(item) for item in device.addresses]
    return {
        "bonding": {"mode": 4, "link_aggregation": "bonded", "mac": mac_address(device.id, BOND)},
        "interfaces": [
            {"name": name, "mac": mac_address(device.id, name), "bond": BOND} for name in INTERFACES
        ],
        "addresses": own,
    }


def _address(item: DeviceAddress) -> dict[str, Any]:
    network = item.network.partition("/")[0]
    return {
        "id": item.id,
        "address_family": item.family,
        "netmask": str(IPv4Network(item.network).netmask),
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
            "netmask": str(IPv4Network(item.network).netmask),
            "cidr": item.cidr,
            "href": f"/ips/{item.id}",
        },
    }


def ec2_tree(device: Device, catalogue: Catalogue) -> Tree:
    """What lies under /2009-04-04, as directories and files."""
    system = catalogue.operating_systems[device.operating_system]
    public = next((item.address for item in device.addresses if item.public), "")
    local = next((item.address for item in device.addresses if not item.public), "")
    return {
        "meta-data": {
            "instance-id": device.id,
            "hostname": device.hostname,
            "local-hostname": device.hostname,
            "iqn": f"iqn.{device.created_at:%Y-%m}.net.packet:device.{device.id[:8]}",
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
            "public-ipv4": public,
            "local-ipv4": local,
            "spot": {},
        },
        "user-data": device.userdata,
    }


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
