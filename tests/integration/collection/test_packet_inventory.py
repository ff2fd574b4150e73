# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, run by ansible-inventory against a real packetd."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_runs import Ansible

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def project(packetd: Any, name: str = "p") -> str:
    _status, answer = packetd.call("POST", "/projects", {"name": name})
    _status, _key = packetd.call("POST", f"/projects/{answer['id']}/ssh-keys", {"label": "me", "key": KEY})
    return str(answer["id"])


def add(packetd: Any, project_id: str, hostname: str, *tags: str, metro: str = "sv") -> str:
    order = {"hostname": hostname, "plan": "c3.small.x86", "operating_system": "debian_12", "metro": metro}
    status, device = packetd.call("POST", f"/projects/{project_id}/devices", {**order, "tags": list(tags)})
    assert status == 201, device
    return str(device["id"])


def wait(packetd: Any, project_id: str) -> None:
    deadline = time.monotonic() + 30
    while any(device["state"] != "active" for device in listed(packetd, project_id)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def listed(packetd: Any, project_id: str) -> list[dict[str, Any]]:
    _status, answer = packetd.call("GET", f"/projects/{project_id}/devices?per_page=1000")
    return list(answer["devices"])


@pytest.fixture
def cluster(packetd: Any) -> str:
    """A project with a control plane and two workers."""
    project_id = project(packetd)
    add(packetd, project_id, "blue-control-plane-0", "cluster=blue", "role=control-plane", "index=0")
    add(packetd, project_id, "blue-fast-0", "cluster=blue", "role=worker", "pool=fast", metro="da")
    add(packetd, project_id, "green-slow-0", "cluster=green", "role=worker", "pool=slow", "{{ 1 + 1 }}")
    wait(packetd, project_id)
    return project_id


def test_groups_and_variables(ansible: Ansible, packetd: Any, cluster: str) -> None:
    found, _ = ansible.inventory({"projects": ["p"]})
    groups = {name: group["hosts"] for name, group in found.items() if "hosts" in group}
    assert groups["kube_control_plane"] == ["blue-control-plane-0"]
    assert sorted(groups["kube_node"]) == ["blue-fast-0", "green-slow-0"]
    assert groups["pool_fast"] == groups["metro_da"] == ["blue-fast-0"]
    assert sorted(groups["cluster_blue"]) == ["blue-control-plane-0", "blue-fast-0"]
    assert len(groups["state_active"]) == 3
    assert groups["tag_index_0"] == ["blue-control-plane-0"]

    device = next(device for device in listed(packetd, cluster) if device["hostname"] == "blue-fast-0")
    addresses = {
        item["public"]: item["address"] for item in device["ip_addresses"] if item["address_family"] == 4
    }
    assert found["_meta"]["hostvars"]["blue-fast-0"] == {
        "ansible_host": addresses[True],
        "packet_id": device["id"],
        "packet_state": "active",
        "packet_plan": "c3.small.x86",
        "packet_metro": "da",
        "packet_facility": device["facility"]["code"],
        "packet_operating_system": "debian_12",
        "packet_tags": ["cluster=blue", "role=worker", "pool=fast"],
        "packet_public_ipv4": addresses[True],
        "packet_private_ipv4": addresses[False],
        "packet_project": "p",
        "packet_cluster": "blue",
        "packet_role": "worker",
        "packet_pool": "fast",
    }


def test_devices_know_the_elastic_ip_of_their_clusters_control_planes(
    packetd: Any, ansible: Ansible, cluster: str
) -> None:
    _status, reserved = packetd.call(
        "POST",
        f"/projects/{cluster}/ips",
        {
            "type": "public_ipv4",
            "quantity": 1,
            "metro": "da",
            "tags": ["cluster-api-provider-packet:cluster-id:blue"],
        },
    )
    found, _ = ansible.inventory({"projects": [cluster]})
    variables = found["_meta"]["hostvars"]
    assert variables["blue-fast-0"]["packet_endpoint"] == reserved["address"]
    assert not variables["blue-fast-0"]["packet_holds_endpoint"]
    path = f"/devices/{variables['blue-fast-0']['packet_id']}/ips"
    packetd.call("POST", path, {"address": f"{reserved['address']}/32"})
    held = ansible.inventory({"projects": [cluster]})[0]["_meta"]["hostvars"]
    assert [host for host in held if held[host].get("packet_holds_endpoint")] == ["blue-fast-0"]
    assert "packet_endpoint" not in variables["green-slow-0"]


def test_what_comes_from_the_api_is_no_template(ansible: Ansible, cluster: str) -> None:
    found, _ = ansible.inventory({"projects": [cluster], "compose": {"copied": "packet_tags[3]"}})
    assert found["_meta"]["hostvars"]["green-slow-0"]["copied"] == "{{ 1 + 1 }}"


def test_filters_addresses_and_the_users_own_groups(ansible: Ansible, cluster: str) -> None:
    found, _ = ansible.inventory(
        {
            "projects": ["{{ lookup('ansible.builtin.env', 'MY_PROJECT') }}"],
            "cluster": "blue",
            "address": "private",
            "compose": {"fast": "packet_pool == 'fast'"},
            "groups": {"quick": "fast"},
            "keyed_groups": [{"key": "packet_plan", "prefix": "plan"}],
        },
        MY_PROJECT="p",
    )
    hosts = found["_meta"]["hostvars"]
    assert sorted(hosts) == ["blue-control-plane-0", "blue-fast-0"]
    assert hosts["blue-fast-0"]["ansible_host"] == hosts["blue-fast-0"]["packet_private_ipv4"]
    assert found["quick"]["hosts"] == ["blue-fast-0"]
    assert len(found["plan_c3_small_x86"]["hosts"]) == 2


def test_devices_in_other_states_are_there_when_asked_for(
    ansible: Ansible, packetd: Any, cluster: str
) -> None:
    packetd.restart("--delay", "60")
    ansible.environment["PACKET_API_URL"] = packetd.api_url
    add(packetd, cluster, "blue-new-0", "cluster=blue")
    assert "blue-new-0" not in ansible.inventory({"projects": ["p"]})[0]["_meta"]["hostvars"]
    found, _ = ansible.inventory({"projects": ["p"], "states": ["queued", "provisioning"]})
    assert list(found["_meta"]["hostvars"]) == ["blue-new-0"]


def test_a_project_that_does_not_exist_yet_is_empty_and_has_the_groups(ansible: Ansible) -> None:
    found, complaints = ansible.inventory({"projects": ["later"]})
    assert found["_meta"]["hostvars"] == {}
    assert {"kube_control_plane", "kube_node"} <= {*found["all"]["children"]}
    assert "ERROR" not in complaints


def test_all_pages_of_all_projects_and_no_hostname_twice(ansible: Ansible, packetd: Any) -> None:
    ids = []
    for name in ("p", "q"):
        project_id = project(packetd, name)
        ids += [add(packetd, project_id, f"n{number}") for number in range(15)]
    wait(packetd, project_id)
    found, _ = ansible.inventory({"states": ["queued", "provisioning", "active"]})
    hosts = found["_meta"]["hostvars"]
    assert sorted(host["packet_id"] for host in hosts.values()) == sorted(ids)
    assert {host["packet_project"] for host in hosts.values()} == {"p", "q"}


def test_a_cached_inventory_does_not_ask(ansible: Ansible, packetd: Any, cluster: str) -> None:
    config = {
        "projects": ["p"],
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(ansible.folder / "cache"),
    }
    first, _ = ansible.inventory(config)
    packetd.stop()
    assert ansible.inventory(config)[0] == first
    assert len(ansible.inventory({**config, "cluster": "blue"})[0]["_meta"]["hostvars"]) == 2
    found, complaints = ansible.inventory({**config, "projects": ["other"], "api_retries": 0})
    assert not found
    assert "cannot reach the Packet API" in complaints


BAD_INPUT: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({}, {"PACKET_API_URL": ""}, "api_url is not set: "),
    ({}, {"PACKET_API_TOKEN": "this-token-is-wrong"}, "came from the environment variable PACKET_API_TOKEN"),
    ({"api_token": "this-token-is-wrong"}, {}, "came from the option api_token"),
    (
        {"projects": ["00000000-0000-4000-8000-000000000000"]},
        {},
        "does not exist, or the token has no access",
    ),
]


def test_bad_input_is_one_clear_error(ansible: Ansible) -> None:
    for config, environment, text in BAD_INPUT:
        found, complaints = ansible.inventory(config, **environment)
        assert not found
        assert complaints.startswith("[ERROR]: my.packet.yml: ")
        assert text in complaints
        assert complaints.count("\n") == 1
        assert "this-token-is-wrong" not in complaints


def test_where_a_source_may_fail_the_run_goes_on(ansible: Ansible) -> None:
    lenient = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "0", "PACKET_API_TOKEN": "this-token-is-wrong"}
    found, complaints = ansible.inventory({}, **lenient)
    assert found["_meta"]["hostvars"] == {}
    assert "came from the environment variable PACKET_API_TOKEN" in complaints


def test_a_value_that_is_not_allowed_is_named(ansible: Ansible) -> None:
    found, complaints = ansible.inventory({"address": "ipv9"})
    assert not found
    assert "ipv9" in complaints


def test_a_file_of_another_name_is_not_ours(ansible: Ansible) -> None:
    only_ours = {"ANSIBLE_INVENTORY_ENABLED": "packet.kubernetes.packet"}
    found, complaints = ansible.inventory({}, file="hosts.yml", **only_ours)
    assert not found
    assert "hosts.yml" in complaints
    assert ansible.inventory({}, file="packet.yaml", **only_ours)[0]
