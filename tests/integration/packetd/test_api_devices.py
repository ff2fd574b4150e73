# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices through the API, on simulated machines."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from packetd_process import Packetd

Body = dict[str, Any]


def create(server: Packetd, project: str, body: Body) -> Body:
    status, device = server.call("POST", f"/projects/{project}/devices", body)
    assert status == 201, device
    assert device["state"] == "queued"
    assert device["ip_addresses"] == []
    return dict(device)


def act(server: Packetd, device: str, body: Body) -> None:
    assert server.call("POST", f"/devices/{device}/actions", body) == (202, None)


def event_types(server: Packetd, device: str) -> list[str]:
    _, answer = server.call("GET", f"/devices/{device}/events?per_page=100")
    return [event["type"] for event in reversed(answer["events"])]


def test_a_device_becomes_active_with_addresses_and_events(
    server: Packetd, project: str, order: Body
) -> None:
    device = server.wait_for_state(create(server, project, order)["id"], "active")
    public, public6, private = device["ip_addresses"]
    kinds = [(address["address_family"], address["public"]) for address in (public, public6, private)]
    assert kinds == [(4, True), (6, True), (4, False)]
    for address in (public, public6, private):
        network = ipaddress.ip_network(f"{address['network']}/{address['cidr']}")
        assert ipaddress.ip_address(address["address"]) in network
        assert ipaddress.ip_address(address["gateway"]) in network
        assert str(network.netmask) == address["netmask"]
        assert address["management"]
    steps = device["provisioning_events"]
    assert [step["type"] for step in steps] == [f"provisioning.{number}" for number in range(101, 111)]
    assert all(step["id"] for step in steps)
    assert public["address"] in steps[1]["body"]
    assert event_types(server, device["id"]) == [step["type"] for step in steps]
    assert device["provisioning_percentage"] is None
    assert device["facility"]["code"] == "sv15"
    assert device["metro"]["code"] == "sv"


def test_keys_that_clients_dereference_are_always_there(server: Packetd, project: str, order: Body) -> None:
    device = create(server, project, order)
    expected = (
        "always_pxe billing_cycle customdata facility metro hostname id locked operating_system plan project"
        " ssh_keys tags userdata short_id iqn switch_uuid network_ports volumes created_by href user"
    )
    assert set(expected.split()) <= device.keys()
    assert [port["name"] for port in device["network_ports"]] == ["bond0", "eth0", "eth1"]


@pytest.mark.parametrize(
    ("change", "field", "hint"),
    [
        ({"hostname": "no name"}, "hostname", "RFC 1123"),
        ({"hostname": "-a"}, "hostname", "RFC 1123"),
        ({"hostname": ""}, "hostname", "blank"),
        ({"plan": "c9.huge"}, "plan", "c3.small.x86"),
        ({"plan": "storage_1"}, "plan", "c3.small.x86"),
        ({"operating_system": "templeos"}, "operating_system", "debian_12"),
        ({"operating_system": "custom_ipxe"}, "ipxe_script_url", "blank"),
        ({"metro": "xx"}, "metro", "am"),
        ({"metro": ""}, "metro", "blank"),
        ({"facility": "am6"}, "facility", "'sv'"),
        ({"facility": ["nowhere"]}, "facility", "ewr1"),
        ({"tags": ["x" * 81]}, "tags", "80"),
        ({"tags": [1]}, "tags", "list of strings"),
        ({"project_ssh_keys": ["absent"]}, "project_ssh_keys", "absent"),
        ({"termination_time": "soon"}, "termination_time", "soon"),
        ({"locked": "perhaps"}, "locked", "true or false"),
        ({"customdata": [1]}, "customdata", "object"),
    ],
)
def test_what_is_wrong_is_named(
    server: Packetd, project: str, order: Body, change: Body, field: str, hint: str
) -> None:
    status, answer = server.call("POST", f"/projects/{project}/devices", {**order, **change})
    assert status == 422
    (error,) = answer["errors"]
    assert error.startswith(f"{field} ")
    assert hint in error
    assert server.call("GET", f"/projects/{project}/devices")[1]["meta"]["total"] == 0


def test_a_plan_without_capacity_answers_503(server: Packetd, project: str, order: Body) -> None:
    status, answer = server.call(
        "POST",
        f"/projects/{project}/devices",
        {**order, "plan": "baremetal_2a2", "metro": "", "facility": "ewr1"},
    )
    assert status == 503
    assert answer["errors"] == ["The facility ewr1 has no provisionable baremetal_2a2 servers"]


def test_bodies_of_sloppy_clients_are_understood(server: Packetd, project: str, order: Body) -> None:
    device = create(
        server,
        project,
        {
            **order,
            "metro": "",
            "facility": "ewr1",
            "tags": {},
            "features": {},
            "customdata": '{"a": 1}',
            "ipxe_script_url": "",
            "locked": "false",
            "public_ipv4_subnet_size": 31,
        },
    )
    assert device["facility"]["code"] == "ewr1"
    assert device["metro"]["code"] == "ny"
    assert (device["tags"], device["customdata"], device["locked"]) == ([], {"a": 1}, False)


def test_user_data_comes_back_byte_for_byte(server: Packetd, project: str, order: Body) -> None:
    text = "## template: jinja\n#cloud-config\nruncmd: ['echo \"{{ v1.x }}\" > /é\t']\r\n" + "x" * 100_000
    device = create(server, project, {**order, "userdata": text})
    assert server.call("GET", f"/devices/{device['id']}")[1]["userdata"] == text


def test_pages_lose_and_repeat_nothing(server: Packetd, project: str, order: Body) -> None:
    body = {"batches": [{**order, "hostname": "n{{index}}", "quantity": "23", "tags": ["cluster=x"]}]}
    status, answer = server.call("POST", f"/projects/{project}/devices/batch", body)
    assert status == 201
    assert len(answer["batches"][0]["devices"]) == 23
    found: list[str] = []
    href = f"/projects/{project}/devices?tag=cluster%3Dx"
    while href:
        _, page = server.call("GET", "/metal/v1" + href)
        found += [device["hostname"] for device in page["devices"]]
        assert page["meta"]["total"] == 23
        assert len(page["devices"]) <= 10
        href = (page["meta"]["next"] or {}).get("href")
        assert href is None or href.startswith("/projects/")
    assert sorted(found) == sorted(f"n{number}" for number in range(23))
    _, whole = server.call("GET", f"/projects/{project}/devices?per_page=1000")
    assert len(whole["devices"]) == 23
    assert len({a["address"] for d in whole["devices"] for a in d["ip_addresses"]}) % 3 == 0


def test_a_batch_is_made_whole_or_not_at_all(server: Packetd, project: str, order: Body) -> None:
    body = {"batches": [{**order, "quantity": 3}, {**order, "plan": "nonsense"}]}
    status, answer = server.call("POST", f"/projects/{project}/devices/batch", body)
    assert status == 422
    assert "'nonsense'" in answer["errors"][0]
    assert server.call("GET", f"/projects/{project}/devices")[1]["meta"]["total"] == 0


def test_filters(server: Packetd, project: str, order: Body) -> None:
    one = create(server, project, {**order, "hostname": "alpha", "tags": ["role=worker", 'q"uote']})
    create(server, project, {**order, "hostname": "beta", "tags": ["role=worker-2"]})
    server.wait_for_state(one["id"], "active")

    def names(query: str) -> list[str]:
        _, answer = server.call("GET", f"/projects/{project}/devices?{query}")
        return sorted(device["hostname"] for device in answer["devices"])

    assert names("hostname=alp") == ["alpha"]
    assert names("search=beta") == ["beta"]
    assert names("search=role%3Dworker") == ["alpha", "beta"]
    assert names("tag=role%3Dworker") == ["alpha"]
    assert names("tag=q%22uote") == ["alpha"]
    assert "alpha" in names("state=active")
    assert names("state=failed") == []
    assert names("metro=am") == []
    assert names("search=%25") == []


def test_power(server: Packetd, project: str, order: Body) -> None:
    device = create(server, project, order)["id"]
    server.wait_for_state(device, "active")
    act(server, device, {"type": "power_off"})
    server.wait_for_state(device, "inactive")
    status, answer = server.call("POST", f"/devices/{device}/actions", {"type": "reboot"})
    assert status == 422
    assert "inactive" in answer["errors"][0]
    # An old client sends the type in the query.
    assert server.call("POST", f"/devices/{device}/actions?type=power_on")[0] == 202
    server.wait_for_state(device, "active")
    act(server, device, {"type": "reboot"})
    events = f"/devices/{device}/events"
    server.wait(events, lambda _status, answer: answer["events"][0]["type"] == "power.203")
    powers = ["power.205", "power.204", "power.200", "power.201", "power.203"]
    assert event_types(server, device)[-5:] == powers
    status, answer = server.call("POST", f"/devices/{device}/actions", {"type": "explode"})
    assert status == 422
    assert "power_off" in answer["errors"][0]


def test_reinstalling_with_another_system(server: Packetd, project: str, order: Body) -> None:
    device = create(server, project, order)["id"]
    before = server.wait_for_state(device, "active")
    act(server, device, {"type": "reinstall", "operating_system": "ubuntu_24_04"})
    after = server.wait_for_state(device, "active")
    assert after["operating_system"]["slug"] == "ubuntu_24_04"
    assert after["ip_addresses"] == before["ip_addresses"]
    assert event_types(server, device).count("provisioning.110") == 2


def test_update_by_put_and_patch(server: Packetd, project: str, order: Body) -> None:
    device = create(server, project, {**order, "tags": ["a"]})["id"]
    change = {"hostname": "renamed.example.com", "description": "x", "customdata": {"k": [1]}}
    assert server.call("PUT", f"/devices/{device}", change)[0] == 200
    assert server.call("PATCH", f"//devices//{device}/", {"tags": ["b"]})[0] == 200
    _, found = server.call("GET", f"/devices/{device}")
    assert (found["hostname"], found["description"], found["tags"]) == ("renamed.example.com", "x", ["b"])
    assert server.call("GET", f"/devices/{device}/customdata") == (200, {"k": [1]})
    status, answer = server.call("PUT", f"/devices/{device}", {"hostname": "not_valid"})
    assert (status, "hostname" in answer["errors"][0]) == (422, True)


def test_a_locked_device_stays(server: Packetd, project: str, order: Body) -> None:
    device = create(server, project, {**order, "locked": True})["id"]
    server.wait_for_state(device, "active")
    refusal = (422, {"errors": ["Cannot delete a locked item"]})
    assert server.call("DELETE", f"/devices/{device}?force_delete=true") == refusal
    assert server.call("POST", f"/devices/{device}/actions", {"type": "reinstall"})[0] == 422
    server.call("PATCH", f"/devices/{device}", {"locked": False})
    assert server.call("DELETE", f"/devices/{device}")[0] == 204


def test_deletion_ends_in_404_and_frees_the_addresses(server: Packetd, project: str, order: Body) -> None:
    device = server.wait_for_state(create(server, project, order)["id"], "active")
    addresses = {item["address"] for item in device["ip_addresses"]}
    assert server.call("DELETE", f"/devices/{device['id']}") == (204, None)
    server.wait(f"/devices/{device['id']}", lambda status, _answer: status == 404)
    # Other tests leave a few lower ones free.
    body = {"batches": [{**order, "quantity": 20}]}
    _, answer = server.call("POST", f"/projects/{project}/devices/batch?include=devices", body)
    assert len(answer["batches"][0]["devices"]) == 20
    server.wait(
        f"/projects/{project}/devices?per_page=100",
        lambda _status, page: (
            addresses <= {ip["address"] for d in page["devices"] for ip in d["ip_addresses"]}
        ),
    )
    _, answer = server.call("GET", f"/projects/{project}/events?per_page=100")
    assert "instance.deleted" in [event["type"] for event in answer["events"]]


def test_termination_time_deletes(server: Packetd, project: str, order: Body) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    device = create(server, project, {**order, "termination_time": soon})["id"]
    server.wait(f"/devices/{device}", lambda status, _answer: status == 404)


def test_include_and_exclude(server: Packetd, project: str, order: Body) -> None:
    device = create(server, project, order)["id"]
    _, plain = server.call("GET", f"/metal/v1/devices/{device}")
    assert plain["project"] == {"href": f"/metal/v1/projects/{project}"}
    _, shaped = server.call("GET", f"/devices/{device}?include=project.organization,nonsense&exclude=plan")
    assert shaped["project"]["id"] == project
    assert shaped["project"]["organization"]["name"] == "packetd"
    assert shaped["plan"].keys() == {"href"}
    _, listed = server.call("GET", f"/projects/{project}/devices?include=project")
    assert listed["devices"][0]["project"]["name"] == "tests"
