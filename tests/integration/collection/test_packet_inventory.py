# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, run by ansible-inventory against a real packetd."""

from __future__ import annotations

import json
import subprocess
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
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
    addresses = {(item["address_family"], item["public"]): item["address"] for item in device["ip_addresses"]}
    assert found["_meta"]["hostvars"]["blue-fast-0"] == {
        "ansible_host": addresses[4, True],
        "packet_id": device["id"],
        "packet_hostname": "blue-fast-0",
        "packet_state": "active",
        "packet_plan": "c3.small.x86",
        "packet_metro": "da",
        "packet_facility": device["facility"]["code"],
        "packet_operating_system": "debian_12",
        "packet_tags": ["cluster=blue", "role=worker", "pool=fast"],
        "packet_public_ipv4": addresses[4, True],
        "packet_private_ipv4": addresses[4, False],
        "packet_public_ipv6": addresses[6, True],
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


def test_filters_addresses_names_and_the_users_own_groups(ansible: Ansible, cluster: str) -> None:
    found, _ = ansible.inventory(
        {
            "projects": ["{{ lookup('ansible.builtin.env', 'MY_PROJECT') }}"],
            "clusters": ["{{ lookup('ansible.builtin.env', 'MY_COLOUR') }}"],
            "addresses": ["private_ipv4", "public_ipv4"],
            "hostname": "{{ packet_pool or packet_role }}.{{ packet_cluster }}",
            "compose": {"fast": "packet_pool == 'fast'"},
            "groups": {"quick": "fast"},
            "keyed_groups": [{"key": "packet_plan", "prefix": "plan"}],
        },
        MY_PROJECT="p",
        MY_COLOUR="blue",
    )
    hosts = found["_meta"]["hostvars"]
    assert sorted(hosts) == ["control-plane.blue", "fast.blue"]
    assert hosts["fast.blue"]["ansible_host"] == hosts["fast.blue"]["packet_private_ipv4"]
    assert hosts["fast.blue"]["packet_hostname"] == "blue-fast-0"
    assert found["quick"]["hosts"] == ["fast.blue"]
    assert len(found["plan_c3_small_x86"]["hosts"]) == 2


def test_each_filter_leaves_out_what_it_does_not_name(ansible: Ansible, packetd: Any, cluster: str) -> None:
    facility = next(
        item["facility"]["code"] for item in listed(packetd, cluster) if "fast" in item["hostname"]
    )
    all_at_once = {
        "metros": ["da", "am"],
        "facilities": [facility],
        "roles": ["worker"],
        "tags": ["pool=fast"],
    }
    assert list(ansible.inventory(all_at_once)[0]["_meta"]["hostvars"]) == ["blue-fast-0"]
    found, complaints = ansible.inventory({**all_at_once, "metros": ["nowhere"]})
    assert found["_meta"]["hostvars"] == {}
    assert "ERROR" not in complaints


def test_a_template_of_names_that_fails_is_an_error_where_strict(ansible: Ansible, cluster: str) -> None:
    options = {"hostname": "{{ packet_endpoint }}"}
    assert "blue-fast-0" in ansible.inventory(options)[0]["_meta"]["hostvars"]
    found, complaints = ansible.inventory({**options, "strict": True})
    assert not found
    assert "the option hostname gives no name for device" in complaints


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
    assert len(ansible.inventory({**config, "clusters": ["blue"]})[0]["_meta"]["hostvars"]) == 2
    found, complaints = ansible.inventory({**config, "projects": ["other"], "api_retries": 0})
    assert not found
    assert "cannot reach the Packet API" in complaints


class Pretender:
    """An API that says what packetd would refuse to be told, or nothing but a status."""

    def __init__(self, devices: list[dict[str, Any]]) -> None:
        self.status = 200
        pretender = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                lists = {"projects": [{"id": "1", "name": "{{ 1 }}"}], "devices": devices, "ip_addresses": []}
                key = {"devices": "devices", "ips": "ip_addresses"}.get(path.rpartition("/")[2], "projects")
                body = json.dumps({key: lists[key]} if pretender.status == 200 else {}).encode()
                self.send_response(pretender.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def device(number: int, hostname: str, *tags: str, address: str = "192.0.2.1") -> dict[str, Any]:
        own = {"address": address, "management": True, "public": True, "address_family": 4}
        return {
            "id": f"{number:08d}-0000-4000-8000-000000000000",
            "hostname": hostname,
            "state": "active",
            "tags": list(tags),
            "ip_addresses": [own],
        }


@pytest.fixture
def alone(tmp_path: Path) -> Ansible:
    """Ansible without a packetd."""
    return Ansible(tmp_path, {"PACKET_API_TOKEN": "t"})


def test_no_value_of_the_api_is_a_template_or_a_name_that_means_more(alone: Ansible) -> None:
    touched = alone.folder / "touched"
    evil = f"{{{{ lookup('ansible.builtin.pipe', 'touch {touched}') }}}}"
    devices = [
        Pretender.device(1, evil, evil, f"role={evil}", f"pool={evil}"),
        Pretender.device(2, "../../etc/passwd", address=f"-oProxyCommand=touch {touched}"),
        Pretender.device(3, "localhost", "\n[all:vars]", ""),
    ]
    api = Pretender(devices)
    config = {
        "api_url": api.url,
        "hostname": "{{ packet_hostname }}",
        "compose": {"copied": "packet_tags[0]", "joined": "packet_tags | join", "shown": "packet_hostname"},
        "groups": {"evil": "'pipe' in packet_hostname"},
        "keyed_groups": [
            {"key": "packet_tags", "prefix": "own"},
            {"key": "packet_hostname", "parent_group": "{{ packet_pool | default('none', true) }}"},
        ],
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(alone.folder / "cache"),
    }
    fresh, _ = alone.inventory(config)
    api.stop()
    cached, _ = alone.inventory(config)
    assert cached == fresh
    hosts = fresh["_meta"]["hostvars"]
    by_id = {hosts[name]["packet_id"][7]: name for name in hosts}
    assert by_id["2"] == "_._.._etc_passwd"
    assert by_id["3"] == "localhost-00000003"
    assert "ansible_host" not in hosts[by_id["2"]]
    assert hosts[by_id["1"]]["copied"] == hosts[by_id["1"]]["shown"] == evil
    assert all(name.isidentifier() for name in fresh if name != "_meta")

    used = (
        "msg={{ packet_tags }}{{ copied | default('') }}{{ joined }}{{ packet_hostname }}{{ packet_project }}"
    )
    done = subprocess.run(
        [
            "ansible",
            "all",
            "-i",
            str(alone.folder / "my.packet.yml"),
            "-c",
            "local",
            "-m",
            "debug",
            "-a",
            used,
        ],
        env=alone.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "touch" in done.stdout, done.stderr
    assert not touched.exists()


def test_a_cache_that_is_over_serves_while_the_api_is_away_and_never_when_it_refuses(alone: Ansible) -> None:
    api = Pretender([Pretender.device(1, "a")])
    config = {
        "api_url": api.url,
        "api_retries": 0,
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(alone.folder / "cache"),
        "cache_timeout": 1,
        "stale_cache": 3600,
    }
    first, complaints = alone.inventory(config)
    assert list(first["_meta"]["hostvars"]) == ["a"]
    assert not complaints
    # The second of cache_timeout has to pass; nothing tells when it has.
    time.sleep(1.1)
    for api.status in (500, 503):
        found, complaints = alone.inventory(config)
        assert found == first
        assert "[WARNING]: my.packet.yml: " in complaints
        assert "s ago (stale_cache)" in " ".join(complaints.split())
    assert not alone.inventory(config, "--flush-cache")[0]

    api.status = 200
    assert alone.inventory(config)[0] == first
    time.sleep(1.1)
    for api.status in (401, 403):
        found, complaints = alone.inventory(config)
        assert not found
        assert "the token" in complaints
    api.stop()
    assert alone.inventory(config)[0] == first
    assert "cannot reach the Packet API" in alone.inventory({**config, "stale_cache": 0})[1]


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
    found, complaints = ansible.inventory({"addresses": ["ipv9"]})
    assert not found
    assert "ipv9" in complaints


def test_an_option_that_does_not_exist_is_named(ansible: Ansible) -> None:
    found, complaints = ansible.inventory({"cluster": "blue"})
    assert not found
    assert "my.packet.yml: there is no option cluster" in complaints


def test_a_file_of_another_name_is_not_ours(ansible: Ansible) -> None:
    only_ours = {"ANSIBLE_INVENTORY_ENABLED": "packet.kubernetes.packet"}
    found, complaints = ansible.inventory({}, file="hosts.yml", **only_ours)
    assert not found
    assert "hosts.yml" in complaints
    assert ansible.inventory({}, file="packet.yaml", **only_ours)[0]
