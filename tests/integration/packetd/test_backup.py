# SPDX-License-Identifier: GPL-3.0-or-later
"""packetd backup and restore, beside servers that are at work."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

from packetd_process import Packetd


def make_project(server: Packetd) -> str:
    return str(server.call("POST", "/projects", {"name": "p", "customdata": {"a": [1, None]}})[1]["id"])


def make_device(server: Packetd, project: str, order: dict[str, Any], **more: Any) -> Any:
    status, device = server.call("POST", f"/projects/{project}/devices", {**order, **more})
    assert status == 201, device
    return server.wait_for_state(device["id"], "active")


def done(server: Packetd, *arguments: str) -> list[str]:
    """Run a command that must work; returns the lines that it prints."""
    result = server.command(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def refused(server: Packetd, *arguments: str) -> str:
    """Run a command that must not work; returns the one line that says why."""
    result = server.command(*arguments)
    assert result.returncode == 1, result.stdout
    (line,) = result.stderr.splitlines()
    return line


def addresses(devices: list[Any]) -> set[str]:
    return {ip["address"] for device in devices for ip in device["ip_addresses"]}


def everything(server: Packetd, project: str, token: str) -> Any:
    """What users see of a project; of devices and addresses all fields."""
    paths = (f"/projects/{project}", f"/projects/{project}/devices", f"/projects/{project}/ips")
    paths += (f"/projects/{project}/ssh-keys", f"/projects/{project}/events?per_page=1000")
    return [server.call("GET", path, token=token) for path in paths]


def test_a_backup_beside_writers_is_whole_and_moves_to_another_directory(
    packetd: Packetd, order: dict[str, Any], tmp_path: Path
) -> None:
    project = make_project(packetd)
    make_device(packetd, project, order, tags=["x"], userdata="#cloud-config\n", customdata={"n": 1})
    block = packetd.call("POST", f"/projects/{project}/ips", {"type": "public_ipv4", "metro": "sv"})[1]
    file = tmp_path / "backup"
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            other = packetd.call("POST", "/projects", {"name": "noise"})[1]["id"]
            packetd.call("POST", f"/projects/{other}/ips", {"type": "public_ipv4", "metro": "sv"})

    writing = threading.Thread(target=write)
    writing.start()
    try:
        (line,) = done(packetd, "backup", str(file))
    finally:
        stop.set()
        writing.join()
    assert line.endswith(f"rows in {file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert packetd.token not in file.read_text()

    token, before = packetd.token, everything(packetd, project, packetd.token)
    moved = Packetd(tmp_path / "moved")
    device = before[1][1]["devices"][0]["id"]
    # Its machine stayed where it was.
    assert done(moved, "restore", str(file)) == [f"missing\t{device}"]
    moved.start()
    assert everything(moved, project, token) == before
    assert moved.ca.read_bytes() == packetd.ca.read_bytes()
    again = moved.call("POST", f"/projects/{project}/ips", {"type": "public_ipv4", "metro": "sv"})[1]
    assert again["network"] != block["network"]
    taken = addresses(before[1][1]["devices"])
    assert not taken & addresses([make_device(moved, project, order)])
    moved.kill()


def test_going_back_while_serving_tells_what_the_hardware_is(
    packetd: Packetd, order: dict[str, Any], tmp_path: Path
) -> None:
    file, project = str(tmp_path / "backup"), make_project(packetd)
    lost = make_device(packetd, project, order, hostname="lost")
    done(packetd, "backup", file)
    packetd.call("DELETE", f"/devices/{lost['id']}")
    packetd.wait(f"/devices/{lost['id']}", lambda status, _answer: status == 404)
    young = make_device(packetd, project, order, hostname="young")

    assert "projects and 1 devices, which would be forgotten; --replace" in refused(packetd, "restore", file)
    assert packetd.call("GET", f"/devices/{young['id']}")[0] == 200
    told = [f"unknown\t{young['id']}", f"missing\t{lost['id']}"]
    assert done(packetd, "restore", file, "--replace") == told
    assert packetd.call("GET", f"/devices/{young['id']}")[0] == 404
    assert packetd.call("GET", f"/devices/{lost['id']}")[1]["hostname"] == "lost"
    assert done(packetd, "machines") == told
    assert done(packetd, "machines", "--remove-unknown") == told
    assert done(packetd, "machines") == told[1:]
    make_device(packetd, project, order, hostname="next")
    # What is missing can be made again.
    assert packetd.call("POST", f"/devices/{lost['id']}/actions", {"type": "reinstall"})[0] == 202
    packetd.wait_for_state(lost["id"], "active")
    assert done(packetd, "machines") == []


def test_a_state_moves_to_postgresql_and_back(
    packetd: Packetd, order: dict[str, Any], tmp_path: Path, database: str
) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    project, token = make_project(packetd), packetd.token
    device = make_device(packetd, project, order, tags=["x"])
    before = everything(packetd, project, token)
    done(packetd, "backup", first)

    big = Packetd(tmp_path / "big")
    done(big, "restore", first, "--database", database)
    big.start("--database", database)
    assert everything(big, project, token) == before
    # Numbers go on where they were.
    younger = make_device(big, project, order)
    before = everything(big, project, token)
    done(big, "backup", second)
    big.kill()

    assert sorted(done(packetd, "restore", second, "--replace")) == [f"missing\t{younger['id']}"]
    assert everything(packetd, project, token) == before
    assert packetd.call("GET", f"/devices/{device['id']}")[0] == 200


def test_what_is_not_whole_or_not_ours_is_refused(packetd: Packetd, tmp_path: Path) -> None:
    file, project = tmp_path / "backup", make_project(packetd)
    done(packetd, "backup", str(file))
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    header = json.loads(lines[0])
    damages = {
        "truncated": whole[: len(whole) // 2],
        "a line less": b"".join(lines[:-2] + lines[-1:]),
        "changed": whole.replace(b'"p"', b'"q"'),
        "empty": b"",
        "something else": b"PK\x03\x04",
    }
    for name, content in damages.items():
        file.write_bytes(content)
        line = refused(packetd, "restore", str(file), "--replace")
        assert "is no whole backup of packetd" in line, name
    newer = json.dumps({**header, "schema": "9999"}).encode() + b"\n" + b"".join(lines[1:-1])
    end = {**json.loads(lines[-1]), "sha256": hashlib.sha256(newer).hexdigest()}
    file.write_bytes(newer + json.dumps(end).encode() + b"\n")
    assert "has schema 9999, this packetd knows" in refused(packetd, "restore", str(file), "--replace")
    assert packetd.call("GET", f"/projects/{project}")[0] == 200


def test_another_network_or_driver_is_refused(packetd: Packetd, tmp_path: Path) -> None:
    file = str(tmp_path / "backup")
    done(packetd, "backup", file)
    packetd.stop()
    with sqlite3.connect(packetd.state / "record.sqlite") as record:
        record.execute("UPDATE networks SET network = '10.1.0.0/18' WHERE name = 'private'")
    assert "the record of this state has the ranges" in refused(packetd, "restore", file, "--replace")
    with sqlite3.connect(packetd.state / "packetd.sqlite") as database:
        database.execute("UPDATE settings SET value = 'docker' WHERE name = 'driver'")
    assert "is of --driver record, this state has docker" in refused(packetd, "restore", file, "--replace")
