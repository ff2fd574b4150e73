# SPDX-License-Identifier: GPL-3.0-or-later
"""Several packetd over one PostgreSQL: what one does all see, and a dead one is replaced."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from packetd_process import Packetd
from postgresql_process import PostgreSQL

_LEASE = "2"
# What a project may have, and what there is.
_DEVICES, _ADDRESSES, _MACHINES, _VLANS = 12, 16, 9, 8


@pytest.fixture
def options() -> tuple[str, ...]:
    """Of both servers."""
    return ()


@pytest.fixture
def pair(tmp_path: Path, database: str, options: tuple[str, ...]) -> Iterator[tuple[Packetd, Packetd]]:
    servers = tuple(Packetd(tmp_path / name) for name in ("a", "b"))
    starts = [
        threading.Thread(target=server.start, args=("--database", database, "--lease", _LEASE, *options))
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


def test_what_one_tells_wakes_who_waits_at_the_other(pair: tuple[Packetd, Packetd]) -> None:
    one, other = pair
    project = make_project(one)
    events = f"/projects/{project}/events"
    after = one.call("GET", events)[1]["events"][0]["id"]
    body = {"facility": "sv15", "plan": "storage_1", "size": 10}
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(other.call, "GET", f"{events}?wait=20&after={after}")
        time.sleep(0.5)
        assert one.call("POST", f"/projects/{project}/storage", body)[0] == 201
        changed = time.monotonic()
        status, page = waiting.result()
        assert time.monotonic() - changed < 1
    assert status == 200
    assert page["events"][-1]["type"] == "volume.created"


class Crowd:
    """Many who call both servers at the same time, each server as often as the other."""

    def __init__(self, pair: tuple[Packetd, Packetd], project: str) -> None:
        self._pair = pair
        self.project = project

    def ask(self, calls: list[tuple[str, str, Any]]) -> list[tuple[int, Any]]:
        """The answers, in the order of the calls."""

        def one(number: int) -> tuple[int, Any]:
            return self._pair[number % 2].call(*calls[number])

        with ThreadPoolExecutor(16) as threads:
            return list(threads.map(one, range(len(calls))))

    def rush(self, order: dict[str, Any]) -> dict[str, list[Any]]:
        """Everybody wants more than there is, of everything at once; returns what they got, by kind."""
        devices, ips, vlans = (
            f"/projects/{self.project}/{kind}" for kind in ("devices", "ips", "virtual-networks")
        )
        kinds = {
            "devices": [("POST", devices, {**order, "hostname": f"n{i}"}) for i in range(20)],
            "ips": [("POST", ips, _reservation(1 + i % 2)) for i in range(20)],
            # One number that all want, and numbers that are chosen.
            "vlans": [
                ("POST", vlans, {"metro": "sv", "vxlan": 77 if i % 2 else 0}) for i in range(2 * _VLANS)
            ],
        }
        calls = [(kind, call) for kind, calls in kinds.items() for call in calls]
        # Kinds in turn, and so that each comes to both servers.
        calls = calls[::3] + calls[1::3] + calls[2::3]
        answers = self.ask([call for _, call in calls])
        got: dict[str, list[Any]] = {kind: [] for kind in kinds}
        for (kind, _), (status, answer) in zip(calls, answers, strict=True):
            assert status in (201, 422, 503), answer
            if status == 201:
                got[kind].append(answer)
        return got

    def wait_until_gone(self) -> None:
        path = f"/projects/{self.project}/devices"
        self._pair[0].wait(path, lambda _status, found: found["meta"]["total"] == 0, seconds=120)


def _reservation(quantity: int) -> dict[str, Any]:
    return {
        "type": "public_ipv4",
        "metro": "sv",
        "quantity": quantity,
        "fail_on_approval_required": True,
    }


def left_over(postgresql: PostgreSQL, database: str) -> dict[str, int]:
    """How many rows the pools have that somebody holds."""
    tables = ("devices", "device_addresses", "ip_reservations", "virtual_networks", "routes")
    with postgresql.connect(database) as connection:
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in tables}
        counts["machines"] = connection.execute("SELECT count(*) FROM record.machines").fetchone()
    return {name: row[0] for name, row in counts.items() if row and row[0]}


@pytest.mark.parametrize(
    ("options", "stock", "devices"),
    [
        (("--address-quota", str(_ADDRESSES), "--device-quota", str(_DEVICES)), None, _DEVICES),
        (("--address-quota", str(_ADDRESSES)), _MACHINES, _MACHINES),
    ],
    ids=["quota", "stock"],
)
def test_a_rush_at_both_gives_nothing_twice_and_all_of_it_comes_back(
    pair: tuple[Packetd, Packetd],
    order: dict[str, Any],
    postgresql: PostgreSQL,
    database: str,
    stock: int | None,
    devices: int,
) -> None:
    if stock is not None:
        for facility in ("sv15", "sjc1"):
            number = str(stock if facility == "sv15" else 0)
            assert pair[0].command("stock", "set", order["plan"], facility, number).returncode == 0
    crowd = Crowd(pair, make_project(pair[0]))
    # What came back is given again.
    for _ in range(2):
        got = crowd.rush(order)
        assert len(got["devices"]) == devices
        wait_until_active(pair[0], devices)
        listing = f"/projects/{crowd.project}/devices?per_page=1000"
        found = addresses(pair[1].call("GET", listing)[1]["devices"])
        assert len(found) == len(set(found)) == 3 * devices
        held = [IPv4Network(f"{block['network']}/{block['cidr']}") for block in got["ips"]]
        assert _ADDRESSES - 1 <= sum(network.num_addresses for network in held) <= _ADDRESSES
        assert all(not one.overlaps(other) for one, other in combinations(held, 2))
        assert sorted(vlan["vxlan"] for vlan in got["vlans"]) == [77, *range(1000, 1000 + _VLANS)]
        assign = [
            ("POST", f"/devices/{device['id']}/ips", {"address": block["address"]})
            for device, block in zip(got["devices"], got["ips"], strict=False)
        ]
        assert {status for status, _ in crowd.ask(assign)} == {201}
        gone = crowd.ask([("DELETE", f"/devices/{device['id']}", None) for device in got["devices"]])
        gone += crowd.ask([("DELETE", f"/ips/{block['id']}", None) for block in got["ips"]])
        gone += crowd.ask([("DELETE", f"/virtual-networks/{vlan['id']}", None) for vlan in got["vlans"]])
        assert {status for status, _ in gone} <= {200, 204}
        crowd.wait_until_gone()
        deadline = time.monotonic() + 60
        while left := left_over(postgresql, database):
            assert time.monotonic() < deadline, left
            time.sleep(0.1)
