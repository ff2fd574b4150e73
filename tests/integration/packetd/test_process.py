# SPDX-License-Identifier: GPL-3.0-or-later
"""packetd as a process: crashes, signals, bad surroundings, commands."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from packetd_process import Packetd


def make_project(server: Packetd) -> str:
    return str(server.call("POST", "/projects", {"name": "p"})[1]["id"])


def machines(server: Packetd) -> list[str]:
    """Ids of the simulated machines, straight from the hardware."""
    with sqlite3.connect(server.state / "record.sqlite") as database:
        return [row[0] for row in database.execute("SELECT device_id FROM machines")]


def test_a_crash_in_the_middle_loses_and_doubles_nothing(packetd: Packetd, order: dict[str, Any]) -> None:
    packetd.restart("--delay", "1")
    project = make_project(packetd)
    body = {"batches": [{**order, "hostname": "n{{index}}", "quantity": 40}]}
    assert packetd.call("POST", f"/projects/{project}/devices/batch", body)[0] == 201
    for _ in range(3):
        time.sleep(0.15)
        packetd.kill()
        packetd.start()
    listing = f"/projects/{project}/devices?per_page=1000"
    packetd.wait(
        listing, lambda _status, answer: all(device["state"] == "active" for device in answer["devices"])
    )
    devices = packetd.call("GET", listing)[1]["devices"]
    assert sorted(device["hostname"] for device in devices) == sorted(f"n{i}" for i in range(40))
    assert sorted(machines(packetd)) == sorted(device["id"] for device in devices)
    addresses = [ip["address"] for device in devices for ip in device["ip_addresses"]]
    assert len(addresses) == len(set(addresses)) == 3 * 40
    for device in devices:
        _, answer = packetd.call("GET", f"/devices/{device['id']}/events?per_page=100")
        told = [event["type"] for event in answer["events"]]
        assert len(told) == len(set(told)) == 10


def test_a_deletion_that_was_accepted_happens_after_a_crash(packetd: Packetd, order: dict[str, Any]) -> None:
    project = make_project(packetd)
    _, device = packetd.call("POST", f"/projects/{project}/devices", order)
    packetd.wait_for_state(device["id"], "active")
    packetd.call("DELETE", f"/devices/{device['id']}")
    packetd.kill()
    packetd.start()
    packetd.wait(f"/devices/{device['id']}", lambda status, _answer: status == 404)
    assert machines(packetd) == []


def test_a_device_that_never_comes_up_fails_and_stays(packetd: Packetd, order: dict[str, Any]) -> None:
    packetd.restart("--delay", "2", "--provisioning-limit", "0.5")
    project = make_project(packetd)
    _, device = packetd.call("POST", f"/projects/{project}/devices", order)
    packetd.wait_for_state(device["id"], "failed")
    _, answer = packetd.call("GET", f"/devices/{device['id']}/events")
    assert answer["events"][0]["type"] == "provisioning.failed"
    assert "did not phone home in 0.5 seconds" in answer["events"][0]["body"]
    assert machines(packetd) == [device["id"]]
    # It was only late.
    packetd.wait_for_state(device["id"], "active")


def test_deleting_while_provisioning_needs_force(packetd: Packetd, order: dict[str, Any]) -> None:
    packetd.restart("--delay", "60")
    project = make_project(packetd)
    _, device = packetd.call("POST", f"/projects/{project}/devices", order)
    found = packetd.wait_for_state(device["id"], "provisioning")
    assert 0 < found["provisioning_percentage"] < 100
    status, answer = packetd.call("DELETE", f"/devices/{device['id']}")
    assert status == 422
    assert answer["errors"][0].startswith("Cannot delete a device while it is provisioning")
    assert packetd.call("DELETE", f"/devices/{device['id']}?force_delete=true")[0] == 204
    packetd.wait(f"/devices/{device['id']}", lambda status, _answer: status == 404)


def test_sigterm_ends_it_cleanly_and_all_is_kept(packetd: Packetd) -> None:
    project = make_project(packetd)
    token = packetd.token
    assert packetd.stop() == 0
    assert not (packetd.state / "packetd.json").exists()
    packetd.start()
    assert packetd.token == token
    assert packetd.call("GET", f"/projects/{project}")[0] == 200


def test_secrets_are_for_their_owner_only(packetd: Packetd) -> None:
    for name in ("admin.token", "ca.key", "packetd.sqlite"):
        assert stat.S_IMODE((packetd.state / name).stat().st_mode) == 0o600
    assert packetd.token.encode() not in (packetd.state / "packetd.sqlite").read_bytes()


def fails(*arguments: str) -> str:
    """Run a command that must fail with one line; returns the line."""
    done = subprocess.run(
        [sys.executable, "-m", "packetd", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("packetd: ")]
    assert "Traceback" not in done.stderr
    return line


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = fails(
            "serve", "--state", str(tmp_path), "--api", f"127.0.0.1:{port}", "--proxy", "127.0.0.1:0"
        )
    assert f"127.0.0.1:{port} for --api: Address already in use" in line


def test_a_state_in_use(packetd: Packetd) -> None:
    ports = ("--api", "127.0.0.1:0", "--proxy", "127.0.0.1:0")
    for command in (("serve", *ports), ("destroy",)):
        line = fails(*command, "--state", str(packetd.state))
        assert f"in use by another packetd (pid {packetd.pid})" in line


def test_another_driver_over_the_same_state(packetd: Packetd) -> None:
    packetd.stop()
    line = fails(
        *("serve", "--state", str(packetd.state), "--driver", "docker"),
        *("--api", "127.0.0.1:0", "--proxy", "127.0.0.1:0"),
    )
    assert "made with --driver record, not docker" in line


@pytest.mark.parametrize("value", ["8080", "host:port", "127.0.0.1:99999"])
def test_a_wrong_address_to_listen_on(value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "packetd", "serve", "--api", value],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "is not HOST:PORT" in done.stderr


def test_commands_without_a_server(tmp_path: Path) -> None:
    for command in ("env", "status"):
        assert "no packetd is serving" in fails(command, "--state", str(tmp_path))
    assert "no state of packetd" in fails("devices", "--state", str(tmp_path))


def test_env_points_a_client_here(packetd: Packetd) -> None:
    lines = packetd.command("env").stdout
    shown = subprocess.run(
        ["sh", "-c", f"{lines}\nprintenv PACKET_API_URL PACKET_API_TOKEN HTTPS_PROXY REQUESTS_CA_BUNDLE"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    ca = str((packetd.state / "ca.crt").resolve())
    assert shown.stdout.split() == [packetd.api_url, packetd.token, packetd.proxy_url, ca]


def test_status_and_devices(packetd: Packetd, order: dict[str, Any]) -> None:
    project = make_project(packetd)
    _, device = packetd.call("POST", f"/projects/{project}/devices", order)
    packetd.wait_for_state(device["id"], "active")
    status = json.loads(packetd.command("status", "--json").stdout)
    assert (status["driver"], status["devices"], status["network"]) == ("record", {"active": 1}, None)
    row = packetd.command("devices").stdout.rstrip("\n").split("\t")
    assert row[:4] == [device["id"], "node-0", "active", "c3.small.x86"]
    (listed,) = json.loads(packetd.command("devices", "--json").stdout)
    assert listed["public"] == row[6]


def test_destroy_removes_machines_and_keeps_projects(packetd: Packetd, order: dict[str, Any]) -> None:
    project = make_project(packetd)
    _, device = packetd.call("POST", f"/projects/{project}/devices", order)
    packetd.wait_for_state(device["id"], "active")
    packetd.stop()
    assert packetd.command("destroy").returncode == 0
    assert not (packetd.state / "record.sqlite").exists()
    assert packetd.command("destroy").returncode == 0
    packetd.start()
    assert packetd.call("GET", f"/projects/{project}/devices")[1]["devices"] == []
