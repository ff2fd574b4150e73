# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the Packet API, run by Ansible against a real packetd."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import Any

import pytest
from ansible_runs import Ansible, ok, task

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
COMMON = {"project": "p", "plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}
PROJECT = task("project", name="p")
SSH_KEY = task("ssh_key", project="p", label="me", key=KEY)


def devices(count: int = 3, **more: Any) -> dict[str, Any]:
    hosts = [{"hostname": f"n{number}"} for number in range(count)]
    return task("device", **{**COMMON, "identity_tags": ["cluster=blue"], "devices": hosts, **more})


def existing(packetd: Any) -> list[dict[str, Any]]:
    """All devices of all projects, as the API has them."""
    _status, projects = packetd.call("GET", "/projects?per_page=1000")
    return [
        device
        for project in projects["projects"]
        for device in packetd.call("GET", f"/projects/{project['id']}/devices?per_page=1000")[1]["devices"]
    ]


def everything(device_count: int = 3) -> list[dict[str, Any]]:
    reservation = {
        **task("ip_reservation", project="p", metro="sv", tags=["endpoint"]),
        "register": "endpoint",
    }
    address = "{{ endpoint.ip_reservation.address }}"
    assignment = task("ip_assignment", project="p", address=address, device="n0")
    return [
        PROJECT,
        SSH_KEY,
        reservation,
        devices(device_count),
        {**assignment, "when": "endpoint.ip_reservation.address is defined"},
    ]


def test_from_nothing_to_all_and_back(ansible: Ansible, packetd: Any) -> None:
    foretold = ok(ansible.play(everything(), "--check", "--diff"))
    assert foretold.changed
    assert not existing(packetd)

    made = ok(ansible.play(everything(), "--diff"))
    assert made.tasks["device"]["diff"] == foretold.tasks["device"]["diff"]
    assert [(device["hostname"], device["state"]) for device in made.tasks["device"]["devices"]] == [
        ("n0", "active"),
        ("n1", "active"),
        ("n2", "active"),
    ]
    assert all(device["public_ipv4"] and device["private_ipv4"] for device in made.tasks["device"]["devices"])
    assert "device: ordering 3 devices" in made.stderr
    assert "device: 3 of 3 devices ready" in made.stderr

    assert not ok(ansible.play(everything(), "--check", "--diff")).changed
    again = ok(ansible.play(everything(), "--diff"))
    assert not again.changed
    n0 = again.tasks["device"]["devices"][0]["id"]
    assert again.tasks["ip_reservation"]["ip_reservation"]["assigned_to"] == [n0]

    moved = everything()
    moved[-1]["packet.kubernetes.ip_assignment"]["device"] = "n1"
    assert ok(ansible.play(moved)).tasks["ip_assignment"]["changed"]
    assert not ok(ansible.play(moved)).changed

    back = [
        task("device", project="p", identity_tags=["cluster=blue"], purge=True),
        task("ip_reservation", project="p", tags=["endpoint"], state="absent"),
        task("ssh_key", project="p", label="me", state="absent"),
        task("project", name="p", state="absent"),
    ]
    ok(ansible.play(back, "--check"))
    assert len(existing(packetd)) == 3
    assert all(result["changed"] for result in ok(ansible.play(back)).tasks.values())
    assert not existing(packetd)
    assert not ok(ansible.play(back)).changed


def test_thirty_devices_over_pages_scaled_down_to_two(ansible: Ansible, packetd: Any) -> None:
    ok(ansible.play([PROJECT, SSH_KEY, devices(30)]))
    assert len(existing(packetd)) == 30
    assert not ok(ansible.play([devices(30)])).changed
    fewer = ok(ansible.play([devices(2, purge=True)]))
    assert [device["hostname"] for device in fewer.tasks["device"]["devices"]] == ["n0", "n1"]
    assert sorted(device["hostname"] for device in existing(packetd)) == ["n0", "n1"]


def test_a_run_that_is_killed_makes_nothing_twice(ansible: Ansible, packetd: Any) -> None:
    packetd.restart("--delay", "2")
    ansible.environment["PACKET_API_URL"] = packetd.api_url
    ok(ansible.play([PROJECT, SSH_KEY]))
    process = ansible.start([devices(12)])
    while len(existing(packetd)) < 3:
        assert process.poll() is None
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

    result = ok(ansible.play([devices(12)])).tasks["device"]["devices"]
    assert {device["state"] for device in result} == {"active"}
    assert Counter(device["hostname"] for device in existing(packetd)) == {f"n{n}": 1 for n in range(12)}


def test_a_server_that_crashes_and_comes_back_is_gone_on_with(ansible: Ansible, packetd: Any) -> None:
    packetd.restart("--delay", "2")
    ansible.environment["PACKET_API_URL"] = packetd.api_url
    ok(ansible.play([PROJECT, SSH_KEY]))
    process = ansible.start([devices(4, api_retries=1)])
    while len(existing(packetd)) < 4:
        time.sleep(0.02)
    packetd.kill()
    stdout, _stderr = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "cannot reach the Packet API" in stdout

    packetd.restart()
    ansible.environment["PACKET_API_URL"] = packetd.api_url
    assert not ok(ansible.play([devices(4)])).changed
    assert len(existing(packetd)) == 4


def test_a_device_that_is_not_active_in_time_is_named_and_taken_up(ansible: Ansible, packetd: Any) -> None:
    packetd.restart("--delay", "6")
    ansible.environment["PACKET_API_URL"] = packetd.api_url
    ok(ansible.play([PROJECT, SSH_KEY]))
    late = ansible.play([devices(1, wait_timeout=1)])
    assert late.code != 0
    device = existing(packetd)[0]
    message = late.tasks["device"]["msg"]
    assert (
        f"not active after 1 s (wait_timeout): n0 ({device['id']}) is provisioning: the last event is"
        in message
    )

    taken_up = ok(ansible.play([devices(1)]))
    assert not taken_up.changed
    assert [found["id"] for found in taken_up.tasks["device"]["devices"]] == [device["id"]]
    assert taken_up.tasks["device"]["devices"][0]["state"] == "active"


def test_a_device_that_fails_is_an_error_with_its_reason(ansible: Ansible, packetd: Any) -> None:
    packetd.restart("--delay", "60", "--provisioning-limit", "1")
    ansible.environment["PACKET_API_URL"] = packetd.api_url
    ok(ansible.play([PROJECT, SSH_KEY]))
    message = ansible.play([devices(1, wait_timeout=30)]).tasks["device"]["msg"]
    assert "could not be provisioned: n0 (" in message
    assert "remove it (state: absent) and run again" in message
    assert ansible.play([devices(1)], "--check").tasks["device"]["msg"] == message
    ok(ansible.play([devices(1, state="absent")]))
    assert not existing(packetd)


BAD_INPUT: list[tuple[dict[str, Any], str]] = [
    ({"plan": "c9.huge"}, "plan 'c9.huge' (of n0) is not offered; this API has: "),
    ({"operating_system": "beos"}, "operating_system 'beos' (of n0) is not offered"),
    ({"metro": "xx"}, "metro 'xx' (of n0) is not offered"),
    ({"devices": [{"hostname": "no_name"}]}, "device 'no_name': hostname is not valid; allowed are"),
    ({"devices": [{"hostnam": "n0"}]}, "hostnam"),
    ({"project": None}, "project is not set: give its name or id in the option project or"),
    ({"api_token": "this-token-is-wrong"}, "authentication token; the token came from the option api_token"),
    (
        {"api_url": "http://127.0.0.1:1", "api_retries": 0},
        "cannot reach the Packet API at http://127.0.0.1:1",
    ),
]


@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check mode"])
def test_bad_input_is_one_clear_error(ansible: Ansible, packetd: Any, mode: list[str]) -> None:
    _status, _project = packetd.call("POST", "/projects", {"name": "p"})
    tasks = [{**devices(1, **given), "name": text, "ignore_errors": True} for given, text in BAD_INPUT]
    run = ok(ansible.play(tasks, *mode))
    for _given, text in BAD_INPUT:
        assert text in run.tasks[text]["msg"]
        assert run.tasks[text]["failed"]
    assert not existing(packetd)


def test_what_cannot_change_is_refused_and_what_can_is_one_change(ansible: Ansible, packetd: Any) -> None:
    ok(ansible.play([PROJECT, SSH_KEY, devices(2)]))
    for mode in ([], ["--check"]):
        refused = ansible.play([devices(2, plan="m3.large.x86")], *mode)
        assert refused.code != 0
        assert (
            "device n0: cannot change plan (is 'c3.small.x86', wanted 'm3.large.x86')"
            in refused.tasks["device"]["msg"]
        )
    changed = ok(ansible.play([devices(2, tags=["role=worker"], description="a machine")], "--diff"))
    assert changed.tasks["device"]["diff"]["after"]["n0"] == {
        "tags": ["cluster=blue", "role=worker"],
        "description": "a machine",
    }
    assert not ok(ansible.play([devices(2, tags=["role=worker"], description="a machine")])).changed


def test_defaults_of_the_action_group_reach_every_module(ansible: Ansible, packetd: Any) -> None:
    del ansible.environment["PACKET_API_URL"]
    tasks = everything(1)
    assert "api_url is not set" in ansible.play(tasks).tasks["project"]["msg"]
    block = {"module_defaults": {"group/packet.kubernetes.all": {"api_url": packetd.api_url}}, "block": tasks}
    ok(ansible.play([block]))


def test_secrets_are_not_printed(ansible: Ansible, packetd: Any) -> None:
    ok(ansible.play([PROJECT, SSH_KEY]))
    ansible.environment["ANSIBLE_STDOUT_CALLBACK"] = "ansible.builtin.default"
    token = ansible.environment.pop("PACKET_API_TOKEN")
    tasks = [
        task("project", name="p", api_token=token),
        devices(1, user_data="#!/bin/sh\necho my-great-secret", api_token=token),
    ]
    process = ansible.start(tasks, "-vvv", "--diff")
    printed = "".join(process.communicate(timeout=60))
    assert process.returncode == 0, printed
    assert token not in printed
    assert "my-great-secret" not in printed
    assert "sha256:" in printed
