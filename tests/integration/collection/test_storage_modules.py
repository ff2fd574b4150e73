# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of storage, power and the spot market, run by Ansible against a real packetd."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_runs import Ansible, ok, task

COMMON = {"project": "p", "plan": "baremetal_0", "operating_system": "debian_12", "facility": "ewr1"}
PROJECT = task("project", name="p")
DATA = {"project": "p", "volume": "data"}
BID = {
    "project": "p",
    "tags": ["cluster=blue"],
    "plan": "c3.small.x86",
    "operating_system": "debian_12",
    "metro": "sv",
    "devices_max": 2,
    "max_bid_price": 10,
    "user_data": "#!/bin/sh\necho my-great-secret",
    "end_at": "2099-12-31T12:00:00Z",
}


def volume(**more: Any) -> dict[str, Any]:
    given = {"plan": "storage_1", "facility": "ewr1", "size": 10}
    return task("volume", project="p", description="data", **{**given, **more})


def devices(*names: str) -> dict[str, Any]:
    return task("device", **COMMON, devices=[{"hostname": name} for name in names])


def attachment(device: str) -> dict[str, Any]:
    return task("volume_attachment", **DATA, device=device)


def policy(count: int) -> dict[str, Any]:
    return task("snapshot_policy", **DATA, frequency="1day", count=count)


def power(state: str, *names: str, **more: Any) -> dict[str, Any]:
    return task("device_power", project="p", devices=list(names), state=state, **more)


def test_storage_from_nothing_to_all_and_back(ansible: Ansible, packetd: Any) -> None:
    tasks = [PROJECT, devices("a", "b"), volume(), policy(2), attachment("a")]
    foretold = ok(ansible.play(tasks, "--check", "--diff"))
    assert foretold.changed
    assert [project["name"] for project in packetd.call("GET", "/projects")[1]["projects"]] == ["default"]
    assert foretold.tasks["volume_attachment"]["volume_attachment"] == {"volume_id": "data", "device_id": "a"}

    made = ok(ansible.play(tasks, "--diff"))
    assert made.tasks["volume"]["diff"] == foretold.tasks["volume"]["diff"]
    shown = made.tasks["volume"]["volume"]
    assert (shown["state"], shown["size"], shown["facility"]) == ("active", 10, "ewr1")
    assert not ok(ansible.play(tasks, "--check", "--diff")).changed
    assert not ok(ansible.play(tasks)).changed

    changed = ok(ansible.play([volume(size=20), policy(3), attachment("b")], "--diff"))
    assert changed.tasks["volume"]["diff"] == {"before": {"size": 10}, "after": {"size": 20}}
    assert changed.tasks["snapshot_policy"]["diff"] == {"before": {"count": 2}, "after": {"count": 3}}
    b = changed.tasks["volume_attachment"]["volume_attachment"]["device_id"]
    for mode in ([], ["--check"]):
        refused = ansible.play([volume(size=19)], *mode).tasks["volume"]["msg"]
        assert "volume data: cannot change size (is 20, wanted 19) once it exists" in refused

    looked = ok(
        ansible.play(
            [
                task("volume_info", project="p"),
                task("volume_attachment_info", project="p", device="b"),
                task("snapshot_policy_info", **DATA),
            ],
            "--check",
        )
    )
    assert not looked.changed
    (found,) = looked.tasks["volume_info"]["volumes"]
    assert found == {**changed.tasks["volume"]["volume"], "attached_to": [b]}
    assert looked.tasks["volume_attachment_info"]["volume_attachments"] == [
        changed.tasks["volume_attachment"]["volume_attachment"]
    ]
    assert looked.tasks["snapshot_policy_info"]["snapshot_policies"] == [
        changed.tasks["snapshot_policy"]["snapshot_policy"]
    ]

    back = [
        task("snapshot_policy", **DATA, frequency="1day", state="absent"),
        task("volume_attachment", **DATA, state="absent"),
        task("volume", project="p", description="data", state="absent"),
        task("device", project="p", devices=[{"hostname": "a"}, {"hostname": "b"}], state="absent"),
        task("project", name="p", state="absent"),
    ]
    assert all(result["changed"] for result in ok(ansible.play(back, "--check")).tasks.values())
    assert all(result["changed"] for result in ok(ansible.play(back)).tasks.values())
    assert not ok(ansible.play(back)).changed


def test_devices_are_switched_and_rebooted(ansible: Ansible, packetd: Any) -> None:
    packetd.restart("--power-delay", "1")
    ansible.environment["PACKET_API_URL"] = packetd.api_url
    off = [PROJECT, devices("a", "b"), power("off", "a", "b")]
    foretold = ok(ansible.play(off, "--check", "--diff")).tasks["device_power"]
    assert foretold["device_power"] == {"a": {"state": "inactive"}, "b": {"state": "inactive"}}
    done = ok(ansible.play(off, "--diff")).tasks["device_power"]
    assert {name: device["state"] for name, device in done["device_power"].items()} == {
        "a": "inactive",
        "b": "inactive",
    }
    assert done["diff"]["before"] == {"a": {"state": "active"}, "b": {"state": "active"}}
    assert not ok(ansible.play(off)).changed

    late = ansible.play([power("on", "a", wait_timeout=0)])
    assert "not active after 0 s (wait_timeout): a (" in late.tasks["device_power"]["msg"]
    twice = [{**power("rebooted", "a", "b"), "name": name} for name in ("once", "again")]
    rebooted = ok(ansible.play([power("on", "a"), *twice]))
    assert not rebooted.tasks["device_power"]["changed"]
    for name in ("once", "again"):
        assert rebooted.tasks[name]["changed"]
        states = [device["state"] for device in rebooted.tasks[name]["device_power"].values()]
        assert states == ["active", "active"]


def test_a_bid_is_made_once_and_withdrawn_with_its_devices(ansible: Ansible, packetd: Any) -> None:
    bid = task("spot_market_request", **BID)
    foretold = ok(ansible.play([PROJECT, bid], "--check", "--diff"))
    made = ok(ansible.play([PROJECT, bid], "--diff"))
    assert made.tasks["spot_market_request"]["diff"] == foretold.tasks["spot_market_request"]["diff"]
    assert not ok(ansible.play([PROJECT, bid], "--check")).changed
    again = ok(ansible.play([PROJECT, bid]))
    assert not again.changed
    id_ = again.tasks["spot_market_request"]["spot_market_request"]["id"]
    for mode in ([], ["--check"]):
        refused = ansible.play([task("spot_market_request", **{**BID, "devices_max": 3})], *mode)
        message = refused.tasks["spot_market_request"]["msg"]
        assert "cannot change devices_max (is 2, wanted 3) once it exists" in message

    packetd.wait(f"/spot-market-requests/{id_}", lambda _status, it: len(it["devices"]) == 2)
    looked = ok(ansible.play([task("spot_market_request_info", project="p")]))
    (shown,) = looked.tasks["spot_market_request_info"]["spot_market_requests"]
    assert (shown["id"], len(shown["devices"]), shown["end_at"]) == (id_, 2, BID["end_at"])
    assert "my-great-secret" not in str((made.tasks["spot_market_request"], shown))

    withdrawn = task(
        "spot_market_request", project="p", tags=BID["tags"], force_termination=True, state="absent"
    )
    assert ok(ansible.play([withdrawn], "--check")).changed
    assert ok(ansible.play([withdrawn])).changed
    assert not ok(ansible.play([withdrawn])).changed
    for device in shown["devices"]:
        packetd.wait(f"/devices/{device}", lambda status, _device: status == 404)


@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check mode"])
def test_bad_input_is_one_clear_error(ansible: Ansible, packetd: Any, mode: list[str]) -> None:
    _status, _project = packetd.call("POST", "/projects", {"name": "p"})
    tasks = {
        "volume 'data': cannot be made without plan, facility": volume(plan=None, facility=None),
        "volume 'data': size is 9 GiB; allowed are 10 to 10000": volume(size=9),
        "one of the following is required: description, id": task("volume", project="p"),
        "one of the following is required: frequency, id": task("snapshot_policy", **DATA),
        "but all of the following are missing: device": task("volume_attachment", **DATA),
        "the project has no volume 'data'": task("snapshot_policy_info", **DATA),
        "project is not set: give its name or id": task("volume_info"),
        "cannot be made without plan, operating_system": task("spot_market_request", project="p", tags=["x"]),
        "value of state must be one of: on, off, rebooted": power("asleep", "a"),
    }
    named = [{**given, "name": text, "ignore_errors": True} for text, given in tasks.items()]
    run = ok(ansible.play(named, *mode))
    for text in tasks:
        assert text in run.tasks[text]["msg"]
