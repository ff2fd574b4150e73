# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic addresses through the API."""

from __future__ import annotations

import ipaddress
import sqlite3
import time
from typing import Any

import pytest
from packetd_process import Packetd

# Old controllers refuse a reservation with any other key.
ALLOWED_KEYS = (
    "addon address address_family assignments available bill cidr created_at customdata enabled details"
    " facility gateway global_ip href id manageable management metal_gateway metro netmask network project"
    " project_lite requested_by public state tags type"
)


def reserve(server: Packetd, project: str, **fields: Any) -> dict[str, Any]:
    body = {"type": "public_ipv4", "quantity": 1, "metro": "sv", **fields}
    status, reservation = server.call("POST", f"/projects/{project}/ips", body)
    assert status == 201, reservation
    return dict(reservation)


@pytest.fixture
def device(server: Packetd, project: str, order: dict[str, Any]) -> str:
    _, device = server.call("POST", f"/projects/{project}/devices", order)
    server.wait_for_state(device["id"], "active")
    return str(device["id"])


def routes(server: Packetd) -> dict[str, str]:
    """What the simulated hardware was told to route."""
    with sqlite3.connect(server.state / "record.sqlite") as database:
        return dict(database.execute("SELECT network, device_id FROM routes").fetchall())


def wait_for_route(server: Packetd, network: str, device: str | None) -> None:
    deadline = time.monotonic() + 10
    while routes(server).get(network) != device:
        assert time.monotonic() < deadline, routes(server)
        time.sleep(0.02)


def test_reserving(server: Packetd, project: str) -> None:
    tags = ["cluster-api-provider-packet:cluster-id:x"]
    one = reserve(server, project, quantity="1", tags=tags, details="API", facility="")
    four = reserve(server, project, quantity=4, customdata={"a": 1})
    anywhere = reserve(server, project, type="global_ipv4", metro="")
    assert one.keys() <= set(ALLOWED_KEYS.split())
    assert (one["type"], one["cidr"], one["tags"], one["details"]) == ("public_ipv4", 32, tags, "API")
    assert (four["cidr"], four["netmask"]) == (30, "255.255.255.252")
    assert anywhere["global_ip"]
    blocks = [ipaddress.ip_network(f"{ip['network']}/{ip['cidr']}") for ip in (one, four, anywhere)]
    assert not any(a.overlaps(b) for a in blocks for b in blocks if a is not b)
    _, listed = server.call("GET", f"/projects/{project}/ips")
    assert [ip["id"] for ip in listed["ip_addresses"]] == [one["id"], four["id"], anywhere["id"]]
    path = f"/ips/{four['id']}"
    assert server.call("PATCH", path, {"tags": ["new"], "details": "d"})[1]["tags"] == ["new"]
    assert server.call("GET", path + "/customdata") == (200, {"a": 1})
    assert server.call("DELETE", path) == (204, None)
    assert server.call("GET", path)[0] == 404
    again = reserve(server, project, quantity=4)
    assert again["network"] == four["network"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 3}, "quantity"),
        ({"quantity": "many"}, "quantity"),
        ({"type": "public_ipv5"}, "type"),
        ({"type": ""}, "type"),
        ({"type": "private_ipv4"}, "type"),
        ({"quantity": 256, "fail_on_approval_required": True}, "quantity"),
        ({"metro": ""}, "metro"),
        ({"metro": "xx"}, "metro"),
        ({"facility": "xx"}, "facility"),
    ],
)
def test_a_wrong_request_is_refused(
    server: Packetd, project: str, change: dict[str, Any], field: str
) -> None:
    body = {"type": "public_ipv4", "quantity": 1, "metro": "sv", **change}
    status, answer = server.call("POST", f"/projects/{project}/ips", body)
    assert status == 422
    assert answer["errors"][0].startswith(f"{field} ")


def test_an_address_moves_from_device_to_device(
    server: Packetd, project: str, device: str, order: dict[str, Any]
) -> None:
    _, other = server.call("POST", f"/projects/{project}/devices", {**order, "hostname": "node-1"})
    server.wait_for_state(other["id"], "active")
    reservation = reserve(server, project)
    address = reservation["address"]
    status, assignment = server.call("POST", f"/devices/{device}/ips", {"address": address})
    assert status == 201
    assert assignment["assigned_to"] == {"href": f"/devices/{device}"}
    wait_for_route(server, f"{address}/32", device)
    _, found = server.call("GET", f"/devices/{device}")
    elastic = [ip for ip in found["ip_addresses"] if not ip["management"]]
    assert [(ip["address"], ip["public"]) for ip in elastic] == [(address, True)]
    _, listed = server.call("GET", f"/projects/{project}/ips?include=assignments")
    (shown,) = listed["ip_addresses"][0]["assignments"]
    assert (shown["id"], shown["address"]) == (assignment["id"], address)

    status, answer = server.call("POST", f"/devices/{other['id']}/ips", {"address": f"{address}/32"})
    assert (status, "node-0" in answer["errors"][0]) == (422, True)
    status, answer = server.call("DELETE", f"/ips/{reservation['id']}")
    assert (status, "node-0" in answer["errors"][0]) == (422, True)
    assert server.call("DELETE", f"/ips/{assignment['id']}")[0] == 204
    assert server.call("POST", f"/devices/{other['id']}/ips", {"address": f"{address}/32"})[0] == 201
    wait_for_route(server, f"{address}/32", other["id"])

    # A device that goes leaves its address free at once.
    server.call("DELETE", f"/devices/{other['id']}")
    assert server.call("GET", f"/ips/{reservation['id']}")[1]["assignments"] == []
    wait_for_route(server, f"{address}/32", None)
    assert server.call("DELETE", f"/ips/{reservation['id']}")[0] == 204


def test_subnets_of_a_reservation(server: Packetd, project: str, device: str) -> None:
    reservation = reserve(server, project, quantity=8)
    path = f"/ips/{reservation['id']}/available"
    _, answer = server.call("GET", f"{path}?cidr=30")
    assert len(answer["available"]) == 2
    assert server.call("POST", f"/devices/{device}/ips", {"address": answer["available"][0]})[0] == 201
    assert len(server.call("GET", f"{path}?cidr=30")[1]["available"]) == 1
    assert len(server.call("GET", path)[1]["available"]) == 4
    assert server.call("GET", f"{path}?cidr=28")[0] == 422


def test_foreign_addresses_are_refused(server: Packetd, project: str, device: str) -> None:
    _, stranger = server.call("POST", "/projects", {"name": "stranger"})
    theirs = reserve(server, stranger["id"])
    for address in (theirs["address"], "8.8.8.8", "nonsense", "", "10.0.0.1/24"):
        status, answer = server.call("POST", f"/devices/{device}/ips", {"address": address})
        assert status == 422
        assert answer["errors"][0].startswith("address ")


def test_routes_are_told_again_at_the_next_start(server: Packetd, project: str, device: str) -> None:
    address = reserve(server, project)["address"]
    server.call("POST", f"/devices/{device}/ips", {"address": address})
    wait_for_route(server, f"{address}/32", device)
    server.kill()
    with sqlite3.connect(server.state / "record.sqlite") as database:
        database.execute("DELETE FROM routes")
    server.start()
    wait_for_route(server, f"{address}/32", device)


def test_what_exceeds_the_quota_is_pending_until_there_is_room(server: Packetd, project: str) -> None:
    first = reserve(server, project, quantity=64)
    waiting = reserve(server, project, quantity=128, details="more")
    small = reserve(server, project, quantity=64)
    assert [ip["state"] for ip in (first, waiting, small)] == ["created", "pending", "created"]
    assert (waiting["address"], waiting["network"], waiting["cidr"]) == (None, None, 25)
    assert waiting.keys() == first.keys()
    path = f"/ips/{waiting['id']}"
    assert server.call("GET", f"{path}/available") == (200, {"available": []})
    for held in (first, small):
        assert server.call("GET", path)[1]["state"] == "pending"
        assert server.call("DELETE", f"/ips/{held['id']}")[0] == 204
    _, granted = server.call("GET", path)
    assert (granted["state"], granted["details"]) == ("created", "more")
    assert len(server.call("GET", f"{path}/available")[1]["available"]) == 128


def test_a_new_project_has_no_addresses_and_one_with_devices_a_block(
    server: Packetd, project: str, device: str
) -> None:
    _, empty = server.call("POST", "/projects", {"name": "empty"})
    assert server.call("GET", f"/projects/{empty['id']}/ips")[1]["ip_addresses"] == []
    reservation = reserve(server, project, tags=["mine"])
    path = f"/projects/{project}/ips"
    _, listed = server.call("GET", f"{path}?types=private_ipv4")
    (block,) = listed["ip_addresses"]
    assert block.keys() <= set(ALLOWED_KEYS.split())
    assert (block["management"], block["public"], block["facility"]["code"]) == (True, False, "sv15")
    _, found = server.call("GET", f"/devices/{device}")
    private = next(ip for ip in found["ip_addresses"] if not ip["public"])
    assert private["parent_block"]["href"] == block["href"]
    assert server.call("GET", block["href"]) == (200, block)
    assert server.call("DELETE", block["href"])[0] == 422
    assert server.call("GET", f"/ips/{private['id']}")[1]["address"] == private["address"]
    assert server.call("DELETE", f"/ips/{private['id']}")[0] == 422
    assert server.call("GET", f"{path}?search=mine")[1]["ip_addresses"][0]["id"] == reservation["id"]
    # Its IPv6 block is the third.
    pages = [server.call("GET", f"{path}?per_page=1&page={number}")[1] for number in (1, 2, 3)]
    assert {page["meta"]["total"] for page in pages} == {3}
    types = {page["ip_addresses"][0]["type"] for page in pages}
    assert types == {"public_ipv4", "private_ipv4", "public_ipv6"}
