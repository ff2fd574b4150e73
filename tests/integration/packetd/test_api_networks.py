# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual networks and ports through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from packetd_process import Packetd

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def device(server: Packetd, project: str, order: dict[str, Any]) -> dict[str, Any]:
    _, device = server.call("POST", f"/projects/{project}/devices", order)
    return dict(server.wait_for_state(device["id"], "active"))


@pytest.fixture
def vlan(server: Packetd, project: str) -> Make:
    def make(**fields: Any) -> dict[str, Any]:
        body = {"metro": "sv", **fields}
        status, made = server.call("POST", f"/projects/{project}/virtual-networks", body)
        assert status == 201, made
        return dict(made)

    return make


def port_ids(device: dict[str, Any]) -> dict[str, str]:
    return {port["name"]: port["id"] for port in device["network_ports"]}


def network_of(server: Packetd, device: dict[str, Any]) -> tuple[str, set[str], int]:
    """The device's kind of network, the ports in the bond, and how many addresses it has."""
    _, found = server.call("GET", f"/devices/{device['id']}")
    bonded = {port["name"] for port in found["network_ports"] if port["data"]["bonded"]}
    return found["network_type"], bonded, len(found["ip_addresses"])


def test_numbers_are_given_once_in_a_project_and_metro(server: Packetd, project: str, vlan: Make) -> None:
    assert [vlan()["vxlan"], vlan(vxlan=1001)["vxlan"], vlan(facility="sv15", metro="")["vxlan"]] == [
        1000,
        1001,
        1002,
    ]
    assert vlan(metro="ny", vxlan="1000")["vxlan"] == 1000
    path = f"/projects/{project}/virtual-networks"
    status, answer = server.call("POST", path, {"metro": "sv", "vxlan": 1001})
    assert (status, answer["errors"]) == (422, ["vxlan 1001 is taken in metro 'sv' of this project"])
    _, listed = server.call("GET", f"{path}?metro=sv&vxlan=1001")
    assert [network["vxlan"] for network in listed["virtual_networks"]] == [1001]
    assert server.call("GET", f"{path}?per_page=2")[1]["meta"]["total"] == 4


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"vxlan": 1}, "vxlan"),
        ({"vxlan": 4000}, "vxlan"),
        ({"vxlan": "many"}, "vxlan"),
        ({"metro": ""}, "metro"),
        ({"metro": "xx"}, "metro"),
        ({"facility": "xx"}, "facility"),
        ({"facility": "ny5"}, "facility"),
    ],
)
def test_a_wrong_virtual_network_is_refused(
    server: Packetd, project: str, change: dict[str, Any], field: str
) -> None:
    status, answer = server.call("POST", f"/projects/{project}/virtual-networks", {"metro": "sv", **change})
    assert (status, answer["errors"][0].split()[0]) == (422, field)


def test_a_virtual_network_is_in_a_metro_or_in_a_facility(server: Packetd, project: str, vlan: Make) -> None:
    wide = vlan(description="wide", tags=["a"])
    assert (wide["metro"]["code"], wide["metro_code"], wide["facility"], wide["facility_code"]) == (
        "sv",
        "sv",
        None,
        None,
    )
    local = vlan(facility="sv15", metro="", description=None, vlan=None, project_id=project)
    assert (local["facility"]["code"], local["metro"], local["description"]) == ("sv15", None, None)
    path = f"/virtual-networks/{wide['id']}"
    assert server.call("GET", f"{path}?include=assigned_to")[1]["assigned_to"]["id"] == project
    _, changed = server.call("PUT", path, {"description": "wider"})
    assert (changed["description"], changed["tags"]) == ("wider", ["a"])
    assert server.call("DELETE", path)[0] == 200
    assert server.call("GET", path)[0] == 404


def test_a_port_carries_virtual_networks(server: Packetd, device: dict[str, Any], vlan: Make) -> None:
    bond0 = f"/ports/{port_ids(device)['bond0']}"
    first, second = vlan(), vlan()
    assert server.call("POST", f"{bond0}/assign", {"vnid": first["id"]})[0] == 200
    status, port = server.call("POST", f"{bond0}/assign", {"vnid": str(second["vxlan"])})
    assert (status, port["network_type"], len(port["virtual_networks"])) == (200, "hybrid-bonded", 2)
    status, port = server.call("POST", f"{bond0}/native-vlan", {"vnid": second["id"]})
    assert port["native_virtual_network"] == {"href": f"/virtual-networks/{second['id']}"}

    include = "instances,instances.network_ports.virtual_networks"
    _, shown = server.call("GET", f"/virtual-networks/{first['id']}?include={include}")
    (instance,) = shown["instances"]
    assert instance["id"] == device["id"]
    status, answer = server.call("DELETE", f"/virtual-networks/{first['id']}")
    assert (status, "bond0 of node-0" in answer["errors"][0]) == (422, True)

    assert server.call("DELETE", f"{bond0}/native-vlan")[1]["native_virtual_network"] is None
    for network in (first, second):
        assert server.call("POST", f"{bond0}/unassign", {"vnid": network["id"]})[0] == 200
        assert server.call("DELETE", f"/virtual-networks/{network['id']}")[0] == 200
    assert server.call("GET", bond0)[1]["virtual_networks"] == []


def test_a_device_goes_through_all_kinds_of_networks(server: Packetd, device: dict[str, Any]) -> None:
    ids = port_ids(device)
    plain = network_of(server, device)
    assert plain == ("layer3", {"bond0", "eth0", "eth1"}, len(device["ip_addresses"]))

    def post(port: str, operation: str, body: Any = None) -> None:
        status, answer = server.call("POST", f"/ports/{ids[port]}/{operation}", body)
        assert status == 200, answer

    post("eth1", "disbond", {"bulk_disable": False})
    assert network_of(server, device) == ("hybrid", {"bond0", "eth0"}, plain[2])
    post("bond0", "convert/layer-2")
    assert network_of(server, device) == ("layer2-individual", {"bond0", "eth0"}, 0)
    post("bond0", "disbond", {"bulk_disable": True})
    assert network_of(server, device) == ("layer2-individual", set(), 0)
    post("eth0", "bond", {"bulk_enable": False})
    assert network_of(server, device) == ("layer2-individual", {"bond0", "eth0"}, 0)
    post("bond0", "bond", {"bulk_enable": True})
    assert network_of(server, device) == ("layer2-bonded", {"bond0", "eth0", "eth1"}, 0)
    requested = [
        {"address_family": ip["address_family"], "public": ip["public"]} for ip in device["ip_addresses"]
    ]
    post("bond0", "convert/layer-3", {"request_ips": requested})
    assert network_of(server, device) == plain
    assert server.call("GET", f"/devices/{device['id']}")[1]["ip_addresses"] == device["ip_addresses"]


def test_addresses_are_given_back_as_asked_for(server: Packetd, device: dict[str, Any]) -> None:
    bond0 = f"/ports/{port_ids(device)['bond0']}"

    def convert(requested: Any) -> list[bool]:
        assert server.call("POST", f"{bond0}/convert/layer-2")[0] == 200
        body = {"request_ips": requested}
        assert server.call("POST", f"{bond0}/convert/layer-3", body)[0] == 200
        _, listed = server.call("GET", f"/devices/{device['id']}/ips")
        return [address["public"] for address in listed["ip_addresses"] if address["address_family"] == 4]

    assert convert([{"address_family": 4, "public": False}]) == [False]
    assert convert(["address_family", "public"]) == [True, False]
    assert convert([{"address_family": "4", "public": "true"}]) == [True, False]
    status, answer = server.call("POST", f"{bond0}/convert/layer-3", {"request_ips": [{"public": "maybe"}]})
    assert (status, answer["errors"][0].split()[0]) == (422, "public")


def test_an_elastic_address_needs_layer_3(server: Packetd, project: str, device: dict[str, Any]) -> None:
    body = {"type": "public_ipv4", "quantity": 1, "metro": "sv"}
    _, reservation = server.call("POST", f"/projects/{project}/ips", body)
    address = {"address": reservation["address"]}
    assert server.call("POST", f"/devices/{device['id']}/ips", address)[0] == 201
    bond0 = f"/ports/{port_ids(device)['bond0']}"
    assert server.call("POST", f"{bond0}/convert/layer-2")[0] == 200
    assert server.call("GET", f"/ips/{reservation['id']}")[1]["assignments"] == []
    assert server.call("POST", f"/devices/{device['id']}/ips", address)[0] == 422
    assert server.call("POST", f"{bond0}/convert/layer-3")[0] == 200
    assert server.call("POST", f"/devices/{device['id']}/ips", address)[0] == 201


def test_what_ports_cannot_do_is_refused(
    server: Packetd, project: str, device: dict[str, Any], vlan: Make
) -> None:
    ids = port_ids(device)
    network = vlan()
    elsewhere = [vlan(metro="ny"), vlan(facility="sjc1", metro="")]
    _, stranger = server.call("POST", "/projects", {"name": "stranger"})
    _, theirs = server.call("POST", f"/projects/{stranger['id']}/virtual-networks", {"metro": "sv"})
    refused = [
        ("bond0", "assign", {"vnid": other["id"]}, "vnid ") for other in [*elsewhere, theirs, {"id": "1999"}]
    ]
    refused += [
        ("bond0", "assign", {}, "vnid can't be blank"),
        ("eth0", "assign", {"vnid": network["id"]}, "Cannot assign to eth0 while it is in bond0"),
        ("bond0", "unassign", {"vnid": network["id"]}, "Cannot unassign from bond0"),
        ("bond0", "native-vlan", {"vnid": network["id"]}, "Cannot make native on bond0"),
        ("bond0", "disbond", {"bulk_disable": True}, "Cannot break bond0"),
        ("bond0", "disbond", {"bulk_disable": "some"}, "bulk_disable must be"),
        ("eth0", "convert/layer-2", {}, "Cannot convert eth0"),
    ]
    for port, operation, body, error in refused:
        status, answer = server.call("POST", f"/ports/{ids[port]}/{operation}", body)
        assert (status, answer["errors"][0].startswith(error)) == (422, True), answer
    path = f"/devices/{device['id']}"
    assert server.call("PUT", path, {"network_frozen": True})[0] == 200
    for frozen, body in ((f"/ports/{ids['eth1']}/disbond", {}), (f"{path}/ips", {"address": "192.0.2.1"})):
        status, answer = server.call("POST", frozen, body)
        assert (status, "network is frozen" in answer["errors"][0]) == (422, True)
    for unknown in ("nothing", project):
        assert server.call("GET", f"/ports/{unknown}")[0] == 404


def test_a_device_that_goes_leaves_its_networks(server: Packetd, device: dict[str, Any], vlan: Make) -> None:
    network = vlan()
    bond0 = f"/ports/{port_ids(device)['bond0']}"
    assert server.call("POST", f"{bond0}/convert/layer-2", {"vnid": network["id"]})[1]["virtual_networks"]
    assert server.call("DELETE", f"/devices/{device['id']}")[0] == 204
    assert server.call("DELETE", f"/virtual-networks/{network['id']}")[0] == 200


def test_a_plan_may_have_an_interface_outside_the_bond(
    server: Packetd, project: str, order: dict[str, Any]
) -> None:
    _, device = server.call("POST", f"/projects/{project}/devices", {**order, "plan": "baremetal_1e"})
    assert device["network_type"] == "hybrid"


def test_virtual_networks_are_assigned_in_batches(
    server: Packetd, device: dict[str, Any], vlan: Make
) -> None:
    bond0 = port_ids(device)["bond0"]
    path = f"/ports/{bond0}/vlan-assignments"
    first, second = vlan(), vlan()
    wanted = [
        {"vlan": first["id"], "state": "unassigned"},
        {"vlan": str(second["vxlan"]), "state": "assigned", "native": True},
    ]
    status, batch = server.call("POST", f"{path}/batches", {"vlan_assignments": wanted})
    assert (status, batch["quantity"], batch["state"]) == (201, 2, "completed")
    assert batch["port"] == {"href": f"/ports/{bond0}"}
    assert server.call("GET", batch["href"]) == (200, batch)
    assert server.call("GET", f"{path}/batches")[1]["batches"] == [batch]
    _, listed = server.call("GET", path)
    (assignment,) = listed["vlan_assignments"]
    assert (assignment["vlan"], assignment["native"]) == (second["vxlan"], True)
    assert server.call("GET", assignment["href"]) == (200, assignment)
    assert (
        server.call("GET", f"/ports/{port_ids(device)['eth0']}/vlan-assignments/{assignment['id']}")[0] == 404
    )

    refused: list[tuple[Any, str]] = [
        ([], "vlan_assignments"),
        ("all", "vlan_assignments"),
        ([{"vlan": first["id"]}, {"state": "assigned"}], "vlan_assignments[1].vlan"),
        ([{"vlan": first["id"], "state": "gone"}], "vlan_assignments[0].state"),
        ([{"vlan": first["id"]}, {"vlan": "1999"}], "vnid"),
    ]
    for items, error in refused:
        status, answer = server.call("POST", f"{path}/batches", {"vlan_assignments": items})
        assert (status, answer["errors"][0].split()[0]) == (422, error)
    assert server.call("GET", path)[1]["meta"]["total"] == 1
