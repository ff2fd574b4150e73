# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand, as clients and operators meet them."""

from __future__ import annotations

import http.client
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests
from packetd_process import Packetd

FAULTS = "/_packetd/faults"


@pytest.fixture(autouse=True)
def no_faults(server: Packetd) -> Iterator[None]:
    yield
    assert server.call("DELETE", FAULTS) == (204, None)


def add(server: Packetd, effect: str, **settings: Any) -> str:
    status, fault = server.call("POST", FAULTS, {"effect": effect, **settings})
    assert status == 201, fault
    return str(fault["id"])


def fired(server: Packetd, id_: str) -> int:
    _, answer = server.call("GET", FAULTS)
    (count,) = [fault["fired"] for fault in answer["faults"] if fault["id"] == id_]
    return int(count)


def get(server: Packetd, path: str) -> requests.Response:
    with requests.Session() as client:
        client.trust_env = False
        return client.get(server.api_url + path, headers={"X-Auth-Token": server.token}, timeout=10)


def test_latency(server: Packetd, project: str) -> None:
    add(server, "latency", seconds=0.4, route="GET /projects/*")
    began = time.monotonic()
    assert server.call("GET", f"/projects/{project}")[0] == 200
    assert time.monotonic() - began >= 0.4
    began = time.monotonic()
    assert server.call("GET", "/user")[0] == 200
    assert time.monotonic() - began < 0.4


def test_prefix_and_slashes_do_not_matter(server: Packetd) -> None:
    id_ = add(server, "error", route="GET /user")
    assert [server.call("GET", path)[0] for path in ("/user", "/metal/v1/user", "//user/")] == [500] * 3
    assert fired(server, id_) == 3


@pytest.mark.parametrize("status", [429, 403])
def test_rate_limit(server: Packetd, status: int) -> None:
    add(server, "rate-limit", status=status, retry_after=3, times=1)
    answer = get(server, "/user")
    assert answer.status_code == status
    assert answer.json()["errors"][0].endswith("try again in 3 seconds")
    assert answer.headers.get("Retry-After") == ("3" if status == 429 else None)
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert 2 <= int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 5
    assert get(server, "/user").status_code == 200


def test_server_errors_by_count(server: Packetd) -> None:
    id_ = add(server, "error", status=503, every=3, times=2, route="GET /user")
    found = [server.call("GET", "/user")[0] for _ in range(12)]
    assert found == [200, 200, 503] * 2 + [200] * 6
    assert fired(server, id_) == 2


def test_probability_repeats_with_its_seed(server: Packetd) -> None:
    found = []
    for _ in range(2):
        id_ = add(server, "error", probability=0.5, seed=11, route="GET /user")
        found.append([server.call("GET", "/user")[0] for _ in range(20)])
        assert fired(server, id_) == found[-1].count(500)
        assert server.call("DELETE", f"{FAULTS}/{id_}") == (204, None)
    assert found[0] == found[1]
    assert set(found[0]) == {200, 500}


def named(server: Packetd, name: str) -> int:
    _, answer = server.call("GET", f"/projects?name={name}")
    return len(answer["projects"])


@pytest.mark.parametrize(("at", "stored"), [("before", 0), ("after", 1)])
def test_an_error_before_or_after_the_write(server: Packetd, at: str, stored: int) -> None:
    name = uuid.uuid4().hex
    add(server, "error", status=502, at=at, route="POST /projects")
    assert server.call("POST", "/projects", {"name": name})[0] == 502
    assert named(server, name) == stored


@pytest.mark.parametrize(("at", "stored"), [("before", 0), ("during", 1), ("after", 1)])
def test_dropped_connections(server: Packetd, at: str, stored: int) -> None:
    name = uuid.uuid4().hex
    add(server, "drop", at=at, route="POST /projects")
    # What a client sees of a cut answer is an incomplete one.
    lost = http.client.IncompleteRead if at == "during" else ConnectionError
    with pytest.raises(lost):
        server.call("POST", "/projects", {"name": name})
    assert named(server, name) == stored


def test_through_the_proxy_it_breaks_too(server: Packetd) -> None:
    add(server, "drop", at="after", times=1, route="GET /user")
    with requests.Session() as client:
        client.trust_env = False
        client.proxies, client.verify = {"https": server.proxy_url}, str(server.ca)
        client.headers["X-Auth-Token"] = server.token
        with pytest.raises(requests.ConnectionError):
            client.get("https://api.packet.net/user", timeout=10)
        assert client.get("https://api.packet.net/user", timeout=10).status_code == 200


def test_provisioning_fails_for_those_named(server: Packetd, project: str, order: dict[str, Any]) -> None:
    id_ = add(server, "provisioning-failure", hostname="bad-*", plan="c3*", metro="sv", reason="power supply")
    devices = [
        server.call("POST", f"/projects/{project}/devices", {**order, "hostname": name})[1]
        for name in ("bad-1", "good-1")
    ]
    server.wait_for_state(devices[0]["id"], "failed")
    server.wait_for_state(devices[1]["id"], "active")
    _, answer = server.call("GET", f"/devices/{devices[0]['id']}/events")
    assert answer["events"][0]["body"] == "Provisioning failed: power supply"
    assert fired(server, id_) == 1
    # Repaired, it can be installed again.
    server.call("DELETE", f"{FAULTS}/{id_}")
    assert server.call("POST", f"/devices/{devices[0]['id']}/actions", {"type": "reinstall"})[0] == 202
    server.wait_for_state(devices[0]["id"], "active")


def test_busy_hardware_is_asked_again(server: Packetd, project: str, order: dict[str, Any]) -> None:
    id_ = add(server, "provisioning-failure", retryable=True, times=1)
    _, device = server.call("POST", f"/projects/{project}/devices", order)
    server.wait_for_state(device["id"], "active")
    assert fired(server, id_) == 1


def test_slow_provisioning_holds_up_nobody_else(server: Packetd, project: str, order: dict[str, Any]) -> None:
    id_ = add(server, "slow-provisioning", hostname="slow*", seconds=600)
    # More than there are workers.
    batch = {"batches": [{**order, "hostname": "slow{{index}}", "quantity": 20}]}
    assert server.call("POST", f"/projects/{project}/devices/batch", batch)[0] == 201
    _, quick = server.call("POST", f"/projects/{project}/devices", order)
    server.wait_for_state(quick["id"], "active")
    listing = f"/projects/{project}/devices?per_page=100"
    devices = server.wait(listing, lambda _status, answer: fired(server, id_) == 20)["devices"]
    assert {device["state"] for device in devices if device["id"] != quick["id"]} == {"provisioning"}


def test_slow_provisioning_comes_to_an_end(server: Packetd, project: str, order: dict[str, Any]) -> None:
    add(server, "slow-provisioning", seconds=1)
    began = time.monotonic()
    _, device = server.call("POST", f"/projects/{project}/devices", order)
    server.wait_for_state(device["id"], "active")
    assert time.monotonic() - began >= 1


def test_capacity_runs_out(server: Packetd, project: str, order: dict[str, Any]) -> None:
    add(server, "capacity", plan="c3.small.x86", metro="sv")
    devices = f"/projects/{project}/devices"
    status, answer = server.call("POST", devices, order)
    assert (status, "no provisionable c3.small.x86" in answer["errors"][0]) == (503, True)
    assert server.call("POST", devices, {**order, "plan": "baremetal_0"})[0] == 201
    assert server.call("POST", devices, {**order, "metro": "ny"})[0] == 201
    # One of a batch is enough to refuse all of it.
    add(server, "capacity", hostname="n7", metro="ny")
    body = {"batches": [{**order, "metro": "ny", "hostname": "n{{index}}", "quantity": 10}]}
    assert server.call("POST", f"{devices}/batch", body)[0] == 503
    assert len(server.call("GET", f"{devices}?per_page=100")[1]["devices"]) == 2


def test_the_administrator_alone_manages_faults(server: Packetd) -> None:
    assert server.call("GET", FAULTS, token="wrong")[0] == 401
    other = server.command("token", "create").stdout.strip()
    status, answer = server.call("POST", FAULTS, {"effect": "drop"}, token=other)
    assert (status, "admin.token" in answer["errors"][0]) == (403, True)
    assert server.call("GET", FAULTS) == (200, {"faults": []})


def test_faults_never_hide_their_own_interface(server: Packetd) -> None:
    add(server, "drop")
    with pytest.raises(ConnectionError):
        server.call("GET", "/user")
    assert server.call("GET", FAULTS)[0] == 200
    assert server.call("GET", "/healthz")[0] == 200


@pytest.mark.parametrize("body", [None, [], "x", {}, {"effect": "latency"}, {"effect": "drop", "route": 1}])
def test_a_wrong_description_is_refused(server: Packetd, body: Any) -> None:
    status, answer = server.call("POST", FAULTS, body)
    assert (status, list(answer)) == (422, ["errors"])
    assert server.call("DELETE", f"{FAULTS}/absent")[0] == 404


def test_commands(server: Packetd) -> None:
    options = ("--seconds", "0.1", "--route", "GET /user", "--probability", "0.25", "--seed", "3")
    id_ = server.command("fault", "add", "latency", *options).stdout.strip()
    busy = server.command("fault", "add", "provisioning-failure", "--retryable").stdout.strip()
    listed = [line.split("\t") for line in server.command("fault", "list").stdout.splitlines()]
    assert [(row[0], row[1], row[2]) for row in listed] == [
        (id_, "latency", "0"),
        (busy, "provisioning-failure", "0"),
    ]
    assert listed[0][4] == "probability=0.25 seed=3 route=GET /user seconds=0.1"
    latency, failure = json.loads(server.command("fault", "list", "--json").stdout)
    assert (latency["seconds"], failure["retryable"]) == (0.1, True)
    refused = server.command("fault", "add", "error", "--status", "404")
    assert (refused.returncode, refused.stderr.count("\n"), "status" in refused.stderr) == (1, 1, True)
    assert server.command("fault", "clear", id_, busy).returncode == 0
    assert server.call("GET", FAULTS) == (200, {"faults": []})


def written(server: Packetd) -> int:
    """How often the only fault struck, by what is on disk."""
    with closing(sqlite3.connect(server.state / "packetd.sqlite")) as database:
        (fired,) = database.execute("SELECT fired FROM faults").fetchone()
    return int(fired)


def test_they_are_kept_with_the_state(packetd: Packetd) -> None:
    id_ = add(packetd, "error", status=500, every=2, times=2, route="GET /user")
    assert [packetd.call("GET", "/user")[0] for _ in range(3)] == [200, 500, 200]
    # Counts are written down soon, not at once.
    deadline = time.monotonic() + 20
    while written(packetd) != 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    packetd.kill()
    packetd.start()
    assert fired(packetd, id_) == 1
    assert [packetd.call("GET", "/user")[0] for _ in range(4)] == [500, 200, 200, 200]
    packetd.restart()
    assert fired(packetd, id_) == 2


def test_a_rate_limit_is_a_setting(packetd: Packetd) -> None:
    assert "X-RateLimit-Limit" not in get(packetd, "/user").headers
    packetd.restart("--rate-limit", "5")
    # The minute of the clock must not end in between.
    if time.time() % 60 > 55:
        time.sleep(60 - time.time() % 60)
    found = [get(packetd, "/user") for _ in range(7)]
    assert [answer.status_code for answer in found] == [200] * 5 + [429] * 2
    assert [answer.headers["X-RateLimit-Remaining"] for answer in found] == list("4321000")
    assert {answer.headers["X-RateLimit-Limit"] for answer in found} == {"5"}
    assert 1 <= int(found[-1].headers["Retry-After"]) <= 60
    # Another token has its own; what packetd itself is asked never counts.
    assert packetd.call("GET", "/user", token="other")[0] == 401
    assert packetd.call("GET", FAULTS)[0] == 200
