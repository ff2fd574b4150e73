# SPDX-License-Identifier: GPL-3.0-or-later
"""Several packetd over one PostgreSQL: what one does all see, and a dead one is replaced."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from packetd_process import Packetd
from postgresql_process import PostgreSQL

_LEASE = "2"


@pytest.fixture
def pair(tmp_path: Path, database: str) -> Iterator[tuple[Packetd, Packetd]]:
    servers = tuple(Packetd(tmp_path / name) for name in ("a", "b"))
    starts = [
        threading.Thread(target=server.start, args=("--database", database, "--lease", _LEASE))
        for server in servers
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    yield servers[0], servers[1]
    for server in servers:
        if server.process is not None and server.process.poll() is None:
            server.kill()


def make_project(server: Packetd) -> str:
    return str(server.call("POST", "/projects", {"name": "p"})[1]["id"])


def wait_until_active(server: Packetd, count: int, seconds: float = 120.0) -> None:
    """By the command, as asking for hundreds of devices again and again would hold up their making."""
    deadline = time.monotonic() + seconds
    while (states := json.loads(server.command("status", "--json").stdout)["devices"]) != {"active": count}:
        assert time.monotonic() < deadline, states


def addresses(devices: list[Any]) -> list[str]:
    return [ip["address"] for device in devices for ip in device["ip_addresses"]]


def machines(postgresql: PostgreSQL, database: str) -> list[str]:
    """Ids of the simulated machines, straight from the hardware."""
    with postgresql.connect(database) as connection:
        return [row[0] for row in connection.execute("SELECT device_id FROM record.machines")]


def test_two_that_start_at_once_share_tokens_and_authority(pair: tuple[Packetd, Packetd]) -> None:
    one, other = pair
    assert one.ca.read_bytes() == other.ca.read_bytes()
    assert (one.state / "ca.key").read_bytes() == (other.state / "ca.key").read_bytes()
    project = make_project(one)
    assert other.call("GET", f"/projects/{project}", token=one.token)[0] == 200


def test_orders_at_both_never_share_an_address(pair: tuple[Packetd, Packetd], order: dict[str, Any]) -> None:
    project = make_project(pair[0])

    def create(number: int) -> int:
        server = pair[number % 2]
        if number % 5 == 0:
            body = {"type": "public_ipv4", "quantity": 2, "metro": "sv"}
            return server.call("POST", f"/projects/{project}/ips", body)[0]
        return server.call("POST", f"/projects/{project}/devices", {**order, "hostname": f"n{number}"})[0]

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(create, range(60))) == {201}
    listing = f"/projects/{project}/devices?per_page=1000"
    wait_until_active(pair[1], 48)
    found = addresses(pair[0].call("GET", listing)[1]["devices"])
    assert len(found) == len(set(found)) == 3 * 48
    listed = pair[0].call("GET", f"/projects/{project}/ips")[1]["ip_addresses"]
    # The others came with the devices.
    blocks = [block for block in listed if not block["management"]]
    assert len({block["network"] for block in blocks}) == len(blocks) == 12


def test_one_that_dies_in_the_middle_is_replaced(
    pair: tuple[Packetd, Packetd], order: dict[str, Any], postgresql: PostgreSQL, database: str
) -> None:
    survivor, victim = pair
    project = make_project(victim)
    body = {"batches": [{**order, "hostname": "n{{index}}", "quantity": 200}]}
    assert victim.call("POST", f"/projects/{project}/devices/batch", body)[0] == 201
    time.sleep(0.4)
    victim.kill()
    listing = f"/projects/{project}/devices?per_page=1000"
    begun = survivor.call("GET", listing)[1]["devices"]
    assert any(device["state"] != "active" for device in begun), "it was over before the crash"
    wait_until_active(survivor, 200)
    devices = survivor.call("GET", listing)[1]["devices"]
    assert sorted(device["hostname"] for device in devices) == sorted(f"n{i}" for i in range(200))
    assert len(set(addresses(devices))) == len(addresses(devices)) == 3 * 200
    assert sorted(machines(postgresql, database)) == sorted(device["id"] for device in devices)
    for device in devices[:20]:
        told = [
            e["type"]
            for e in survivor.call("GET", f"/devices/{device['id']}/events?per_page=100")[1]["events"]
        ]
        assert len(told) == len(set(told)) == 10
