# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are killed while clients write: what was acknowledged is there, and nothing is there twice.

A client that gets no answer does not know whether it was done, so either is right; the next look says which.
"""

from __future__ import annotations

import http.client
import random
import sqlite3
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from packetd_process import Packetd
from postgresql_process import PostgreSQL

_LOST = (urllib.error.URLError, http.client.HTTPException, ConnectionError, FileNotFoundError, TimeoutError)
_CLIENTS = 4


class Client:
    """One user, who notes what was acknowledged."""

    def __init__(self, servers: Sequence[Packetd], project: str, order: dict[str, Any], seed: int) -> None:
        self._servers = servers
        self._project = project
        self._order = order
        self._random = random.Random(seed)
        self._name = f"client{seed}"
        self._count = 0
        self.devices: set[str] = set()
        self.deleted: set[str] = set()
        self.blocks: dict[str, str] = {}
        self.released: set[str] = set()

    def act(self) -> None:
        action = self._random.choice((self._create, self._create, self._delete, self._reserve, self._release))
        try:
            action(self._random.choice(self._servers))
        except _LOST:
            time.sleep(0.05)

    def _create(self, server: Packetd) -> None:
        self._count += 1
        body = {**self._order, "hostname": f"{self._name}-{self._count}"}
        status, device = server.call("POST", f"/projects/{self._project}/devices", body)
        assert status == 201, device
        self.devices.add(device["id"])

    def _delete(self, server: Packetd) -> None:
        if not self.devices:
            return
        device = self.devices.pop()
        # Whatever the answer is, it may have been done.
        self.deleted.add(device)
        status, answer = server.call("DELETE", f"/devices/{device}?force_delete=true")
        assert status in (204, 404), answer

    def _reserve(self, server: Packetd) -> None:
        body = {"type": "public_ipv4", "metro": "sv", "quantity": self._random.choice((1, 2, 4))}
        status, block = server.call("POST", f"/projects/{self._project}/ips", body)
        assert status == 201, block
        self.blocks[block["id"]] = block["network"]

    def _release(self, server: Packetd) -> None:
        if not self.blocks:
            return
        block, _ = self.blocks.popitem()
        self.released.add(block)
        status, answer = server.call("DELETE", f"/ips/{block}")
        assert status in (204, 404), answer


def crash_again_and_again(servers: Sequence[Packetd], order: dict[str, Any], rounds: int, seed: int) -> str:
    """Kill one server after the other while clients are at work; returns the project."""
    project = str(servers[0].call("POST", "/projects", {"name": "p"})[1]["id"])
    clients = [Client(servers, project, order, seed + number) for number in range(_CLIENTS)]
    stopping, mistakes = threading.Event(), []

    def work(client: Client) -> None:
        while not stopping.is_set():
            try:
                client.act()
            except AssertionError as error:
                mistakes.append(error)

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    chance = random.Random(seed)
    try:
        for number in range(rounds):
            time.sleep(chance.uniform(0.2, 1.5))
            victim = servers[number % len(servers)]
            victim.kill()
            victim.start()
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert mistakes == []
    settle(servers[0], project, clients)
    return project


def settle(server: Packetd, project: str, clients: Sequence[Client]) -> None:
    """Wait until all is at rest, and compare with what was acknowledged."""
    listing = f"/projects/{project}/devices?per_page=1000"
    server.wait(
        listing, lambda _status, answer: all(d["state"] == "active" for d in answer["devices"]), seconds=120
    )
    found = pages(server, listing, "devices")
    ids = {device["id"] for device in found}
    for client in clients:
        assert client.devices <= ids, "an acknowledged device was lost"
    # What was asked to go without an answer may be here, so it is asked again.
    for device in {device for client in clients for device in client.deleted} & ids:
        assert server.call("DELETE", f"/devices/{device}?force_delete=true")[0] == 204
        server.wait(f"/devices/{device}", lambda status, _answer: status == 404)
    addresses = [ip["address"] for device in found for ip in device["ip_addresses"]]
    assert len(addresses) == len(set(addresses)) == 3 * len(found)
    listed = pages(server, f"/projects/{project}/ips?per_page=1000", "ip_addresses")
    # The others came with the devices.
    blocks = [block for block in listed if not block["management"]]
    known = {block["id"] for block in blocks}
    for client in clients:
        assert client.blocks.keys() <= known, "an acknowledged reservation was lost"
    networks = sorted(IPv4Network(f"{block['network']}/{block['cidr']}") for block in blocks)
    for one, next_ in pairwise(networks):
        assert not one.overlaps(next_)


def pages(server: Packetd, path: str, name: str) -> list[Any]:
    rows: list[Any] = []
    number = 1
    while number:
        _, answer = server.call("GET", f"{path}&page={number}")
        rows += answer[name]
        number = number + 1 if answer.get("meta", {}).get("next") else 0
    return rows


def compare_with_hardware(server: Packetd, project: str, machines: Callable[[], list[str]]) -> None:
    devices = [
        device["id"] for device in pages(server, f"/projects/{project}/devices?per_page=1000", "devices")
    ]
    deadline = time.monotonic() + 30
    while sorted(machines()) != sorted(devices):
        assert time.monotonic() < deadline, "machines and devices differ"
        time.sleep(0.1)


@pytest.mark.parametrize(
    "rounds", [pytest.param(3, id="few"), pytest.param(300, id="many", marks=pytest.mark.soak)]
)
def test_one_server_over_sqlite(packetd: Packetd, order: dict[str, Any], rounds: int) -> None:
    packetd.restart("--delay", "0.2")
    project = crash_again_and_again([packetd], order, rounds, seed=1)

    def machines() -> list[str]:
        with sqlite3.connect(packetd.state / "record.sqlite") as record:
            return [row[0] for row in record.execute("SELECT device_id FROM machines")]

    compare_with_hardware(packetd, project, machines)


@pytest.fixture
def pair(tmp_path: Path, database: str) -> Iterator[list[Packetd]]:
    options = ("--database", database, "--lease", "2", "--delay", "0.2")
    servers = [Packetd(tmp_path / name, *options) for name in ("a", "b")]
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        server.kill()


@pytest.mark.parametrize(
    "rounds", [pytest.param(3, id="few"), pytest.param(300, id="many", marks=pytest.mark.soak)]
)
def test_two_servers_over_postgresql(
    pair: list[Packetd], order: dict[str, Any], postgresql: PostgreSQL, database: str, rounds: int
) -> None:
    project = crash_again_and_again(pair, order, rounds, seed=2)

    def machines() -> list[str]:
        with postgresql.connect(database) as connection:
            return [row[0] for row in connection.execute("SELECT device_id FROM record.machines")]

    compare_with_hardware(pair[0], project, machines)
