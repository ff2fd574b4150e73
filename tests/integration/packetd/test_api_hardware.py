# SPDX-License-Identifier: GPL-3.0-or-later
"""Reserved machines, stock that runs out, and capacity."""

from __future__ import annotations

from typing import Any

import pytest
from packetd_process import Packetd

Body = dict[str, Any]


@pytest.fixture
def on_reserved(order: Body) -> Body:
    return {**order, "plan": "m3.small.x86", "hardware_reservation_id": "next-available"}


def reserve(server: Packetd, project: str, *options: str) -> str:
    where = ("--project", project, "--plan", "m3.small.x86", "--facility", "sv15")
    done = server.command("hardware", "add", *where, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def create(server: Packetd, project: str, body: Body) -> tuple[int, Any]:
    return server.call("POST", f"/projects/{project}/devices", body)


def test_a_reserved_machine_has_one_device_at_a_time(
    server: Packetd, project: str, on_reserved: Body
) -> None:
    reservation = reserve(server, project, "--rest", "1")
    status, device = create(server, project, on_reserved)
    assert status == 201
    assert device["hardware_reservation"] == {"href": f"/hardware-reservations/{reservation}"}
    _, shown = server.call("GET", f"/hardware-reservations/{reservation}?include=device")
    assert (shown["device"]["id"], shown["provisionable"]) == (device["id"], False)
    assert (shown["plan"]["slug"], shown["facility"]["code"]) == ("m3.small.x86", "sv15")

    status, answer = create(server, project, on_reserved)
    assert (status, " no available hardware reservations " in answer["errors"][0]) == (503, True)
    status, answer = create(server, project, {**on_reserved, "hardware_reservation_id": reservation})
    assert (status, "is not provisionable" in answer["errors"][0]) == (422, True)
    status, answer = server.call(
        "POST", f"/hardware-reservations/{reservation}/move", {"project_id": project}
    )
    assert (status, device["hostname"] in answer["errors"][0]) == (422, True)

    server.wait_for_state(device["id"], "active")
    assert server.call("DELETE", f"/devices/{device['id']}")[0] == 204
    shown = server.wait(f"/hardware-reservations/{reservation}", lambda _status, it: it["device"] is None)
    assert not shown["provisionable"]
    server.wait(f"/hardware-reservations/{reservation}", lambda _status, it: bool(it["provisionable"]))
    assert create(server, project, {**on_reserved, "hardware_reservation_id": reservation})[0] == 201


def test_a_spare_one_is_used_once_it_is_activated(server: Packetd, project: str, on_reserved: Body) -> None:
    reservation = reserve(server, project, "--spare")
    assert create(server, project, on_reserved)[0] == 503
    listed = f"/projects/{project}/hardware-reservations"
    assert server.call("GET", f"{listed}?provisionable=only")[1]["hardware_reservations"] == []
    assert server.call("GET", f"{listed}?state=spare")[1]["meta"]["total"] == 1
    path = f"/hardware-reservations/{reservation}/activate"
    status, shown = server.call("POST", path, {"description": "instead of a broken one"})
    assert (status, shown["spare"], shown["description"]) == (201, False, "instead of a broken one")
    assert server.call("POST", path)[0] == 422
    assert create(server, project, on_reserved)[0] == 201


def test_moved_to_another_project(server: Packetd, project: str, on_reserved: Body) -> None:
    reservation = reserve(server, project)
    _, other = server.call("POST", "/projects", {"name": "other"})
    path = f"/hardware-reservations/{reservation}/move"
    assert server.call("POST", path, {"project_id": "absent"})[0] == 404
    status, shown = server.call("POST", path, {"project_id": other["id"]})
    assert (status, shown["project"]["href"]) == (201, f"/projects/{other['id']}")
    assert create(server, project, on_reserved)[0] == 503
    assert create(server, other["id"], on_reserved)[0] == 201


def test_what_does_not_fit_a_reservation_is_named(server: Packetd, project: str, on_reserved: Body) -> None:
    reservation = reserve(server, project)
    wanted = {**on_reserved, "hardware_reservation_id": reservation}
    for change, hint in (
        ({"plan": "c3.small.x86"}, "is a m3.small.x86"),
        ({"metro": "am"}, "is in facility sv15"),
        ({"hardware_reservation_id": "absent"}, "no reservation of this project"),
    ):
        status, answer = create(server, project, {**wanted, **change})
        assert (status, hint in answer["errors"][0]) == (422, True), answer
    # It is known where the machine is.
    wanted["metro"] = ""
    assert create(server, project, wanted)[1]["facility"]["code"] == "sv15"


def test_stock_runs_out_and_comes_back(server: Packetd, project: str, order: Body) -> None:
    wanted = {**order, "plan": "x1.small.x86", "metro": "", "facility": ["ld7"]}
    assert server.command("stock", "set", "x1.small.x86", "ld7", "2").returncode == 0
    check = {"servers": [{"facility": "ld7", "plan": "x1.small.x86", "quantity": "2"}]}
    assert server.call("POST", "/capacity", check)[1]["servers"][0]["available"]
    three = {"batches": [{**wanted, "quantity": 3}]}
    status, answer = server.call("POST", f"/projects/{project}/devices/batch", three)
    assert (status, answer["errors"]) == (503, ["The facility ld7 has no provisionable x1.small.x86 servers"])
    devices = [create(server, project, wanted)[1]["id"] for _ in range(2)]
    assert create(server, project, wanted)[0] == 503
    assert not server.call("POST", "/capacity", check)[1]["servers"][0]["available"]
    level = server.call("GET", "/capacity")[1]["capacity"]["ld7"]["x1.small.x86"]
    assert level == {"level": "unavailable"}
    # The next facility that was named has one.
    assert create(server, project, {**wanted, "facility": ["ld7", "ny5"]})[1]["facility"]["code"] == "ny5"

    server.wait_for_state(devices[0], "active")
    server.call("DELETE", f"/devices/{devices[0]}")
    server.wait(f"/devices/{devices[0]}", lambda status, _answer: status == 404)
    assert create(server, project, wanted)[0] == 201
    assert server.command("stock", "set", "x1.small.x86", "ld7", "unlimited").returncode == 0
    assert create(server, project, wanted)[0] == 201


def test_capacity(server: Packetd) -> None:
    _, report = server.call("GET", "/capacity")
    assert report["capacity"]["ams1"]["baremetal_2a2"] == {"level": "unavailable"}
    assert report["capacity"]["ams1"]["baremetal_0"] == {"level": "normal"}
    assert server.call("GET", "/capacity/metros")[1]["capacity"]["sv"]["c3.small.x86"]["level"] == "normal"
    wanted = {"servers": [{"metro": "sv", "plan": "baremetal_1", "quantity": 10}]}
    _, answer = server.call("POST", "/capacity/metros", wanted)
    assert answer == {"servers": [{**wanted["servers"][0], "available": True}]}
    status, answer = server.call("POST", "/capacity", {"servers": [{"facility": "xx", "plan": "c9"}]})
    assert status == 422
    assert [error.split(" ")[0] for error in answer["errors"]] == ["servers[0].facility", "servers[0].plan"]
    assert server.call("POST", "/capacity", {"servers": "x"})[0] == 422


def test_commands_refuse_what_does_not_exist(server: Packetd, project: str) -> None:
    for command, hint in (
        (("hardware", "add", "--project", "x", "--plan", "c3.small.x86", "--facility", "sv15"), "no project"),
        (("stock", "set", "c9.huge", "sv15", "1"), "'c9.huge' is no plan"),
        (("spot-price", "set", "c3.small.x86", "mars1", "1"), "'mars1' is no facility"),
        (("hardware", "remove", "x"), "packetd hardware list"),
    ):
        done = server.command(*command)
        assert (done.returncode, hint in done.stderr) == (1, True), done.stderr
        assert done.stderr.count("\n") == 1
    reservation = reserve(server, project)
    assert reservation in server.command("hardware", "list").stdout
    assert server.command("hardware", "service", reservation).returncode == 0
    assert server.call("GET", f"/hardware-reservations/{reservation}")[1]["need_of_service"]
    assert server.command("hardware", "remove", reservation).returncode == 0
    assert server.call("GET", f"/hardware-reservations/{reservation}")[0] == 404
