# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP through the API: configurations, sessions, neighbors."""

from __future__ import annotations

from typing import Any

import pytest
from packetd_process import Packetd

CONFIG = {"deployment_type": "local", "asn": 65000, "md5": "", "use_case": "load balancing"}


@pytest.fixture
def device(server: Packetd, project: str, order: dict[str, Any]) -> dict[str, Any]:
    """A device that is asked for its session before it is active, as controllers do."""
    _, device = server.call("POST", f"/projects/{project}/devices", order)
    return dict(device)


def enable(server: Packetd, project: str, **change: Any) -> None:
    assert server.call("POST", f"/projects/{project}/bgp-configs", {**CONFIG, **change}) == (204, None)


def test_a_project_without_a_configuration_has_an_empty_one(server: Packetd, project: str) -> None:
    assert server.call("GET", f"/projects/{project}/bgp-config") == (200, {})
    assert server.call("GET", f"/projects/{project}/global-bgp-ranges") == (200, {"global_bgp_ranges": []})


def test_enabling_it_for_a_project(server: Packetd, project: str) -> None:
    path = f"/projects/{project}/bgp-config"
    enable(server, project)
    _, config = server.call("GET", path)
    assert (config["status"], config["asn"], config["md5"]) == ("enabled", 65000, None)
    assert config["project"] == {"href": f"/projects/{project}"}
    enable(server, project, md5="c3RhY2twb2ludDIwMTgK", deployment_type="global", asn="64512", use_case=None)
    _, again = server.call("GET", path)
    assert (again["id"], again["status"], again["asn"]) == (config["id"], "requested", 64512)
    assert again["md5"] == "c3RhY2twb2ludDIwMTgK"


@pytest.mark.parametrize(
    "change", [{"deployment_type": "cosmic"}, {"deployment_type": None}, {"asn": 0}, {"md5": ["x"]}]
)
def test_a_wrong_configuration_is_refused(server: Packetd, project: str, change: dict[str, Any]) -> None:
    status, answer = server.call("POST", f"/projects/{project}/bgp-configs", {**CONFIG, **change})
    assert (status, answer["errors"][0].split()[0]) == (422, *change)
    assert server.call("GET", f"/projects/{project}/bgp-config") == (200, {})


def test_a_device_has_one_session_a_family(server: Packetd, project: str, device: dict[str, Any]) -> None:
    path = f"/devices/{device['id']}/bgp/sessions"
    status, answer = server.call("POST", path, {"address_family": "ipv4"})
    assert (status, "bgp-configs" in answer["errors"][0]) == (422, True)
    enable(server, project)
    status, session = server.call("POST", path, {"address_family": "ipv4", "default_route": True})
    assert (status, session["status"], session["default_route"]) == (201, "unknown", True)
    for family in ("ipv4", 4, None):
        status, answer = server.call("POST", path, {"address_family": family})
        assert (status, "already has session" in answer["errors"][0]) == (422, True)
    assert server.call("POST", path, {"address_family": "ipx"})[0] == 422
    assert server.call("POST", path, {"address_family": 6})[1]["address_family"] == "ipv6"

    _, config = server.call("GET", f"/projects/{project}/bgp-config?include=sessions")
    assert [found["address_family"] for found in config["sessions"]] == ["ipv4", "ipv6"]
    for listing in (path, f"/projects/{project}/bgp/sessions"):
        _, listed = server.call("GET", listing)
        assert (listed["bgp_sessions"][0]["id"], listed["meta"]["total"]) == (session["id"], 2)
    own = f"/bgp/sessions/{session['id']}"
    assert server.call("PUT", own, {"default_route": False})[1]["default_route"] is False
    assert server.call("GET", f"{own}?include=device")[1]["device"]["hostname"] == "node-0"
    assert server.call("DELETE", own) == (204, None)
    assert server.call("GET", own)[0] == 404


def test_neighbors_are_told_the_private_address(
    server: Packetd, project: str, device: dict[str, Any]
) -> None:
    path = f"/devices/{device['id']}/bgp"
    enable(server, project, md5="secret")
    assert server.call("GET", f"{path}/neighbors") == (200, {"bgp_neighbors": []})
    body = {"type": "public_ipv4", "quantity": 4, "metro": "sv"}
    _, reservation = server.call("POST", f"/projects/{project}/ips", body)
    server.call("POST", f"{path}/sessions", {"address_family": "ipv4", "default_route": True})
    _, found = server.call("GET", f"/devices/{device['id']}/ips")
    private = next(address for address in found["ip_addresses"] if not address["public"])
    block = private["parent_block"]
    (neighbor,) = server.call("GET", f"{path}/neighbors")[1]["bgp_neighbors"]
    assert neighbor == {
        "address_family": 4,
        "customer_as": 65000,
        "customer_ip": private["address"],
        "md5_enabled": True,
        "md5_password": "secret",
        "multihop": True,
        "peer_as": 65530,
        "peer_ips": ["169.254.255.1", "169.254.255.2"],
        "routes_in": [
            {"route": f"{block['network']}/{block['cidr']}", "exact": False},
            {"route": f"{reservation['network']}/30", "exact": False},
        ],
        "routes_out": [{"route": "0.0.0.0/0", "exact": True}],
    }


def test_a_device_that_goes_peers_no_more(server: Packetd, project: str, device: dict[str, Any]) -> None:
    server.wait_for_state(device["id"], "active")
    enable(server, project)
    _, session = server.call("POST", f"/devices/{device['id']}/bgp/sessions", {})
    server.call("DELETE", f"/devices/{device['id']}")
    assert server.call("GET", f"/bgp/sessions/{session['id']}")[0] == 404
    assert server.call("GET", f"/projects/{project}/bgp/sessions")[1]["bgp_sessions"] == []
