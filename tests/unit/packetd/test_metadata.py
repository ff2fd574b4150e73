# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata service, asked from the addresses of devices."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from packetd.api.turns import Turns
from packetd.metadata import Metadata
from packetd.model import catalogue
from packetd.store import Store, open_sqlite
from packetd.store.tables import (
    Device,
    DeviceAddress,
    Event,
    HardwareReservation,
    Organization,
    Project,
    SSHKey,
)

USERDATA = "#!/bin/sh\r\necho \u00e9 '{{ x }}'\n\n"
ADDRESS = "192.0.2.2"


class Service:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.called_home: list[str] = []
        self.origins: dict[tuple[str, int], str] = {}
        metadata = Metadata(store, catalogue.load(), self.called_home.append, self.origins, Turns())
        self.app = metadata.application()

    def call(
        self, path: str, method: str = "GET", body: bytes = b"", client: tuple[str, int] = (ADDRESS, 1)
    ) -> tuple[int, bytes]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [],
            "client": client,
            "server": ("192.0.2.1", 80),
            "scheme": "http",
            "root_path": "",
        }
        asyncio.run(self.app(scope, receive, send))
        content = b"".join(part.get("body", b"") for part in sent[1:])
        return int(sent[0]["status"]), content


@pytest.fixture
def device() -> Device:
    return Device(
        hostname="node-0.example.com",
        plan="c3.small.x86",
        operating_system="debian_12",
        facility="sv15",
        metro="sv",
        billing_cycle="hourly",
        tags=["a", "b=c"],
        userdata=USERDATA,
        customdata={"k": 1},
        addresses=[
            DeviceAddress(
                position=position,
                address=address,
                network=network,
                gateway=gateway,
                cidr=24,
                family=4,
                public=public,
            )
            for position, (address, network, gateway, public) in enumerate(
                [(ADDRESS, "192.0.2.0/24", "192.0.2.1", True), ("10.9.0.2", "10.9.0.0/24", "10.9.0.1", False)]
            )
        ],
    )


@pytest.fixture
def service(tmp_path: Path, device: Device) -> Iterator[Service]:
    store = open_sqlite(tmp_path / "packetd.sqlite")
    with store.write() as session:
        organization = Organization(name="o")
        session.add(organization)
        session.flush()
        project = Project(organization_id=organization.id, name="p")
        session.add(project)
        session.flush()
        device.project_id = project.id
        device.ssh_keys = [
            SSHKey(project_id=project.id, label=label, key=f"ssh-ed25519 {label}", fingerprint="")
            for label in ("my key/x", "two")
        ]
        session.add(device)
    yield Service(store)
    store.close()


def test_packets_form(service: Service) -> None:
    status, content = service.call("/metadata")
    document = json.loads(content)
    assert status == 200
    assert document["hostname"] == "node-0.example.com"
    assert document["ssh_keys"] == ["ssh-ed25519 my key/x", "ssh-ed25519 two"]
    assert [item["address"] for item in document["network"]["addresses"]] == [ADDRESS, "10.9.0.2"]
    assert document["operating_system"]["slug"] == "debian_12"
    assert (document["facility"], document["metro"], document["customdata"]) == ("sv15", "sv", {"k": 1})
    assert document["phone_home_url"] == "http://metadata.packet.net/phone-home"


@pytest.mark.parametrize("path", ["/userdata", "/2009-04-04/user-data", "/latest/user-data"])
def test_user_data_byte_for_byte(service: Service, path: str) -> None:
    assert service.call(path) == (200, USERDATA.encode())


def test_what_cloud_init_walks_through(service: Service) -> None:
    listing = service.call("/2009-04-04/meta-data/")[1].decode().split("\n")
    assert {"instance-id", "local-hostname", "public-keys/", "public-ipv4", "local-ipv4"} <= set(listing)
    for name in listing:
        assert service.call(f"/2009-04-04/meta-data/{name}")[0] == 200, name
    answers = {
        "local-hostname": "node-0.example.com",
        "public-ipv4": ADDRESS,
        "local-ipv4": "10.9.0.2",
        "tags": "a\nb=c",
        "operating-system/slug": "debian_12",
        "operating-system/license_activation/state": "unlicensed",
        "public-keys": "0=my_key_x\n1=two",
        "public-keys/1/openssh-key": "ssh-ed25519 two",
    }
    for path, expected in answers.items():
        assert service.call(f"/latest/meta-data/{path}") == (200, expected.encode())


@pytest.mark.parametrize(
    "path", ["/nothing", "/2021-03-23/meta-data/instance-id", "/latest/meta-data/hostname/x"]
)
def test_what_is_not_there(service: Service, path: str) -> None:
    assert service.call(path)[0] == 404


def test_strangers_learn_nothing(service: Service) -> None:
    for path in ("/metadata", "/userdata", "/2009-04-04/meta-data/instance-id"):
        assert service.call(path, client=("192.0.2.77", 1))[0] == 404
    assert service.call("/phone-home", "POST", client=("192.0.2.77", 1))[0] == 404
    assert service.called_home == []


def test_a_device_behind_the_proxy_is_known(service: Service) -> None:
    service.origins[("127.0.0.1", 4242)] = ADDRESS
    assert service.call("/userdata", client=("127.0.0.1", 4242))[0] == 200
    assert service.call("/userdata", client=("127.0.0.1", 4243))[0] == 404


def test_phoning_home(service: Service) -> None:
    assert service.call("/phone-home", "POST")[0] == 200
    assert len(service.called_home) == 1


def test_the_spot_market_tells_when_a_device_ends(service: Service) -> None:
    assert json.loads(service.call("/metadata")[1])["spot"] == {}
    assert service.call("/2009-04-04/meta-data/spot") == (200, b"")
    with service.store.write() as session:
        kept = session.scalars(select(Device)).one()
        kept.spot_instance, kept.termination_time = True, datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    at = "2030-01-02T03:04:05Z"
    assert json.loads(service.call("/metadata")[1])["spot"] == {"termination_time": at}
    assert service.call("/2009-04-04/meta-data/spot/termination-time") == (200, at.encode())


def test_what_the_machine_is(service: Service) -> None:
    with service.store.write() as session:
        kept = session.scalars(select(Device)).one()
        kept.storage = {"disks": []}
        kept.hardware_reservation = HardwareReservation(
            project_id=kept.project_id, plan=kept.plan, facility=kept.facility
        )
        kept.addresses.append(
            DeviceAddress(
                position=2,
                address="100::2",
                network="100::/80",
                gateway="100::1",
                cidr=80,
                family=6,
                public=True,
            )
        )
    document = json.loads(service.call("/metadata")[1])
    assert (document["reserved"], document["storage"]) == (True, {"disks": []})
    assert document["specs"]["cpus"][0]["count"] == 1
    assert document["iqn"].endswith(f":device.{document['id'][:8]}")
    assert document["network"]["addresses"][2]["netmask"] == "ffff:ffff:ffff:ffff:ffff::"
    assert service.call("/2009-04-04/meta-data/public-ipv6") == (200, b"100::2")


def test_a_device_tells_its_state(service: Service) -> None:
    good = {"state": "succeeded", "code": 1099, "message": "all done"}
    assert service.call("/events", "POST", json.dumps(good).encode())[0] == 204
    with service.store.read() as session:
        (event,) = session.scalars(select(Event))
        assert (event.type, event.body) == ("user.1099", "succeeded: all done")
    for wrong in ({**good, "state": "happy"}, {**good, "code": 1100}, {"code": "x"}):
        assert service.call("/events", "POST", json.dumps(wrong).encode())[0] == 422
