# SPDX-License-Identifier: GPL-3.0-or-later
"""What leads out of a project's networks: gateways, and the interconnections that there are not."""

from __future__ import annotations

from typing import Any

import pytest
from packetd_process import Packetd


@pytest.fixture
def network(server: Packetd, project: str) -> dict[str, Any]:
    _, network = server.call("POST", f"/projects/{project}/virtual-networks", {"metro": "sv"})
    return dict(network)


def reserve(server: Packetd, project: str, quantity: int, metro: str = "sv") -> dict[str, Any]:
    body = {"type": "public_ipv4", "quantity": quantity, "metro": metro}
    return dict(server.call("POST", f"/projects/{project}/ips", body)[1])


def test_an_internet_gateway_comes_with_addresses(
    server: Packetd, project: str, network: dict[str, Any]
) -> None:
    path = f"/virtual-networks/{network['id']}"
    status, answer = server.call("POST", f"{path}/internet-gateways", {"length": 4})
    assert (status, answer["errors"][0].split()[0]) == (422, "length")
    status, gateway = server.call("POST", f"{path}/internet-gateways?include=ip_reservation", {"length": 16})
    assert (status, gateway["ip_reservation"]["cidr"]) == (201, 28)
    assert server.call("GET", path)[1]["internet_gateway"] == {"href": gateway["href"]}
    _, listed = server.call("GET", f"/projects/{project}/internet-gateways")
    assert [found["id"] for found in listed["internet_gateways"]] == [gateway["id"]]
    assert server.call("POST", f"{path}/internet-gateways", {"length": 8})[0] == 422
    assert server.call("DELETE", path)[0] == 422
    assert server.call("DELETE", f"/ips/{gateway['ip_reservation']['id']}")[0] == 422
    assert server.call("GET", f"/metal-gateways/{gateway['id']}")[0] == 404
    assert server.call("DELETE", gateway["href"]) == (204, None)
    assert server.call("GET", gateway["href"])[0] == 404
    assert server.call("GET", f"/projects/{project}/ips")[1]["ip_addresses"] == []
    assert server.call("DELETE", path)[0] == 200


def test_a_metal_gateway_is_given_addresses(server: Packetd, project: str, network: dict[str, Any]) -> None:
    path = f"/projects/{project}/metal-gateways"
    reservation = reserve(server, project, 8)
    wanted = {"virtual_network_id": network["id"], "ip_reservation_id": reservation["id"]}
    status, gateway = server.call("POST", f"{path}?include=virtual_network", wanted)
    assert (status, gateway["state"], gateway["virtual_network"]["id"]) == (201, "ready", network["id"])
    first = reservation["address"].rpartition(".")
    assert gateway["gateway_address"] == f"{first[0]}.{int(first[2]) + 1}/29"
    assert server.call("GET", f"/virtual-networks/{network['id']}")[1]["metal_gateways"] == [
        {"href": gateway["href"]}
    ]
    assert server.call("GET", path)[1]["meta"]["total"] == 1
    assert server.call("GET", f"/internet-gateways/{gateway['id']}")[0] == 404
    assert server.call("DELETE", gateway["href"])[0] == 202
    assert server.call("GET", gateway["href"])[0] == 404
    assert server.call("GET", f"/ips/{reservation['id']}")[0] == 200


def test_a_wrong_metal_gateway_is_refused(server: Packetd, project: str, network: dict[str, Any]) -> None:
    path = f"/projects/{project}/metal-gateways"
    used = reserve(server, project, 8)
    _, other = server.call("POST", f"/projects/{project}/virtual-networks", {"metro": "sv"})
    taken = {"virtual_network_id": other["id"], "ip_reservation_id": used["id"]}
    assert server.call("POST", path, taken)[0] == 201
    free = reserve(server, project, 8)["id"]
    refused: list[tuple[dict[str, Any], str]] = [
        ({"virtual_network_id": ""}, "virtual_network_id"),
        ({"virtual_network_id": other["id"]}, "virtual_network_id"),
        ({"virtual_network_id": "nothing"}, "virtual_network_id"),
        ({"ip_reservation_id": None}, "ip_reservation_id"),
        ({"ip_reservation_id": used["id"]}, "ip_reservation_id"),
        ({"ip_reservation_id": reserve(server, project, 1)["id"]}, "ip_reservation_id"),
        ({"ip_reservation_id": reserve(server, project, 8, "ny")["id"]}, "ip_reservation_id"),
        ({"private_ipv4_subnet_size": 8}, "private_ipv4_subnet_size"),
    ]
    for change, field in refused:
        body = {"virtual_network_id": network["id"], "ip_reservation_id": free, **change}
        status, answer = server.call("POST", path, body)
        assert (status, answer["errors"][0].split()[0]) == (422, field)


def test_a_project_goes_with_its_gateways(server: Packetd, project: str, network: dict[str, Any]) -> None:
    _, gateway = server.call("POST", f"/virtual-networks/{network['id']}/internet-gateways", {"length": 8})
    assert server.call("DELETE", f"/projects/{project}")[0] == 204
    assert server.call("GET", gateway["href"])[0] == 404


def test_there_are_no_interconnections(server: Packetd, project: str) -> None:
    _, found = server.call("GET", f"/projects/{project}")
    owner = found["organization"]["href"]
    for path, name in (
        (f"/projects/{project}/connections", "interconnections"),
        (f"{owner}/connections", "interconnections"),
        (f"/projects/{project}/vrfs", "vrfs"),
        ("/packet-connect/providers", "providers"),
        (f"/packet-connect/connections?project_id={project}", "connections"),
    ):
        status, answer = server.call("GET", path)
        assert (status, answer[name], answer["meta"]["total"]) == (200, [], 0)
    assert server.call("GET", "/projects/nothing/connections")[0] == 404
    for path in ("/connections", "/virtual-circuits", "/vrfs", "/packet-connect/connections"):
        assert server.call("GET", f"{path}/{project}")[0] == 404
    body = {"provider_id": "ed5de8e0-77a9-4d3b-9de0-65281d3aa831", "project_id": project, "name": "x"}
    status, answer = server.call("POST", "/packet-connect/connections", body)
    assert (status, answer["errors"][0].split()[0]) == (422, "provider_id")
