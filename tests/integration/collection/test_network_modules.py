# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of networks and accounts, run by Ansible against a real packetd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible_runs import Ansible, Run, ok, task

ORDER = {"plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv", "hostname": "n0"}
PASSWORD = "a-great-secret"


@pytest.fixture
def device(packetd: Any) -> str:
    """A device `n0` in a project `p`."""
    _status, project = packetd.call("POST", "/projects", {"name": "p"})
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    packetd.call("POST", f"/projects/{project['id']}/ssh-keys", {"label": "me", "key": key})
    status, made = packetd.call("POST", f"/projects/{project['id']}/devices", ORDER)
    assert status == 201, made
    return str(made["id"])


BOND = {"project": "p", "device": "n0", "name": "bond0"}


@dataclass(frozen=True)
class Story:
    """What becomes of two things that go together."""

    everything: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    infos: list[dict[str, Any]]
    back: list[dict[str, Any]]


NETWORKS = Story(
    [
        task("vlan", project="p", metro="sv", vxlan=1100, description="storage"),
        task("port", **BOND, vlans=["1100"], native_vlan="1100"),
    ],
    [task("vlan", project="p", vxlan=1100, tags=["x"]), task("port", **BOND, layer=2)],
    [task("vlan_info", project="p"), task("port_info", project="p", device="n0")],
    # While the port is only foretold to leave it, the VLAN is in use; check mode does not ask the API.
    [
        task("port", **BOND, layer=3, vlans=[], purge=True),
        task("vlan", project="p", vxlan=1100, state="absent"),
    ],
)
BGP = Story(
    [task("bgp_config", project="p", md5=PASSWORD), task("bgp_session", project="p", device="n0")],
    [
        task("bgp_config", project="p", asn=65010),
        task("bgp_session", project="p", device="n0", default_route=True),
    ],
    [task("bgp_config_info", project="p"), task("bgp_session_info", project="p")],
    [task("bgp_session", project="p", device="n0", state="absent")],
)
ACCOUNTS = Story(
    [
        task("organization", name="new", website="https://example.com"),
        task("api_key", project="p", description="new", read_only=True),
    ],
    [task("organization", name="new", description="another")],
    [task("organization_info"), task("api_key_info", project="p")],
    [
        task("organization", name="new", state="absent"),
        task("api_key", project="p", description="new", state="absent"),
    ],
)
EVERYTHING = [*NETWORKS.everything, *BGP.everything, *ACCOUNTS.everything]
INFOS = [*NETWORKS.infos, *BGP.infos, *ACCOUNTS.infos]


def changes(run: Run) -> list[str]:
    return [name for name, result in ok(run).tasks.items() if result["changed"]]


def names(tasks: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in tasks]


@pytest.mark.parametrize("story", [NETWORKS, BGP, ACCOUNTS], ids=["networks", "bgp", "accounts"])
def test_from_nothing_to_all_and_back(ansible: Ansible, device: str, story: Story) -> None:
    foretold = ok(ansible.play(story.everything, "--check", "--diff"))
    made = ok(ansible.play(story.everything, "--diff"))
    assert changes(foretold) == changes(made) == names(story.everything)
    for name, result in made.tasks.items():
        assert foretold.tasks[name]["diff"] == result["diff"]

    again = ok(ansible.play(story.everything))
    assert not changes(again)

    changed = ok(ansible.play(story.changed))
    assert changes(changed) == names(story.changed)
    assert not changes(ansible.play(story.changed))

    shown = ok(ansible.play(story.infos))
    assert not changes(shown)
    for name, result in (again.tasks | changed.tasks).items():
        assert result[name] in shown.tasks[f"{name}_info"][f"{name}s"]

    assert changes(ansible.play(story.back, "--check")) == names(story.back)
    assert changes(ansible.play(story.back)) == names(story.back)
    assert not changes(ansible.play(story.back))


def test_a_token_is_in_the_result_that_makes_it_and_in_no_other(ansible: Ansible, device: str) -> None:
    key, info = ACCOUNTS.everything[-1], ACCOUNTS.infos[-1]
    assert len(ok(ansible.play([key])).tasks["api_key"]["api_key"]["token"]) > 20
    again = ok(ansible.play([key, info]))
    assert "token" not in again.tasks["api_key"]["api_key"]
    assert again.tasks["api_key_info"]["api_keys"] == [again.tasks["api_key"]["api_key"]]


def test_check_mode_of_a_project_that_the_play_is_about_to_make(ansible: Ansible) -> None:
    run = ansible.play([task("project", name="p"), *EVERYTHING], "--check")
    assert changes(run) == ["project", *names(EVERYTHING)]


BAD_INPUT: list[tuple[str, dict[str, Any], str]] = [
    ("vlan", {"project": "p"}, "one of the following is required: id, vxlan, description"),
    ("vlan", {"project": "p", "vxlan": 1200}, "vlan 1200 does not exist; give metro or facility to make it"),
    ("port", {"project": "p", "device": "n0"}, "parameters are required together: device, name"),
    ("port", {**BOND, "purge": True}, "purge is True but all of the following are missing: vlans"),
    ("port", {**BOND, "bonded": False}, "port bond0 of n0: a bond of layer 3 cannot be broken"),
    ("bgp_config", {"project": "p", "asn": 0}, "bgp_config: asn 0 is not valid"),
    ("organization", {"name": ""}, "organization: name has 0 characters"),
    ("api_key", {"description": ""}, "api_key: description is empty"),
    ("vlan_info", {"project": "later"}, "the project 'later' does not exist"),
    ("port_info", {"project": "p", "device": "n7"}, "the project 'p' has no device 'n7'"),
]


@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check mode"])
def test_bad_input_is_one_clear_error(ansible: Ansible, device: str, mode: list[str]) -> None:
    tasks = [
        {"name": text, f"packet.kubernetes.{module}": given, "ignore_errors": True}
        for module, given, text in BAD_INPUT
    ]
    run = ok(ansible.play(tasks, *mode))
    for _module, _given, text in BAD_INPUT:
        assert text in run.tasks[text]["msg"]


def test_secrets_are_not_printed(ansible: Ansible, device: str) -> None:
    ansible.environment["ANSIBLE_STDOUT_CALLBACK"] = "ansible.builtin.default"
    first = [*EVERYTHING[:-1], {**EVERYTHING[-1], "no_log": True}, {**EVERYTHING[-1], "register": "key"}]
    second = [task("bgp_config", project="p", md5="another-one"), *INFOS]
    for tasks in (first, second):
        process = ansible.start(tasks, "-vvv", "--diff")
        printed = "".join(process.communicate(timeout=60))
        assert process.returncode == 0, printed
        assert PASSWORD not in printed
        assert "another-one" not in printed
        assert '"token"' not in printed
