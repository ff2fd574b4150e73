# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices do beyond what every Kind does: identity, waiting, crashes, refusals."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device import Devices
from ansible_collections.packet.kubernetes.plugins.module_utils._packet import errors
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.wait import TimeLimitError, Waiting
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Plans,
    ResourceError,
    reconcile_all,
)
from fake_packet import FakePacket
from packet_options import Instant, options

COMMON = {"project": "p", "plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}


@pytest.fixture
def api() -> FakePacket:
    api = FakePacket()
    api.add("projects", name="p", customdata={})
    return api


def hosts(*names: str) -> list[dict[str, Any]]:
    return [{"hostname": name} for name in names]


def settle(api: FakePacket, dry_run: bool = False, told: list[str] | None = None, **given: Any) -> Plans:
    wait = {name: given.pop(name) for name in ("wait", "wait_timeout") if name in given}
    params = options(Devices.options, **COMMON, **given)
    progress = told.append if told is not None else lambda _line: None
    waiting = Waiting(wait.get("wait", True), wait.get("wait_timeout", 900), progress, Instant())
    devices = Devices(api, params, waiting)
    return reconcile_all(devices, devices.wanted(), dry_run=dry_run)


def hostnames(api: FakePacket) -> list[str]:
    return sorted(device["hostname"] for device in api.things["devices"].values())


def project(api: FakePacket) -> dict[str, Any]:
    return next(iter(api.things["projects"].values()))


def test_thirty_devices_are_ordered_and_waited_for_together(api: FakePacket) -> None:
    told: list[str] = []
    result = settle(api, devices=hosts(*(f"n{number:02d}" for number in range(30))), told=told)
    assert [device["hostname"] for device in result.after.values()] == [
        f"n{number:02d}" for number in range(30)
    ]
    assert {device["state"] for device in result.after.values()} == {"active"}
    assert api.writes == [f"POST projects/{project(api)['id']}/devices/batch"]
    assert len([path for path in api.reads if path.endswith("/devices")]) < 10
    assert told[0] == "ordering 30 devices"
    assert told[-1].startswith("30 of 30 devices ready")


def test_what_differs_in_its_hostname_alone_is_one_entry_of_a_batch(api: FakePacket) -> None:
    sent: list[dict[str, Any]] = []
    post = api._post

    def spy(path: list[str], body: dict[str, Any]) -> Any:
        sent.append(body)
        return post(path, body)

    api._post = spy  # type: ignore[method-assign]
    settle(api, devices=[*hosts("a", "b"), {"hostname": "c", "tags": ["own"]}])
    common = {name: value for name, value in COMMON.items() if name != "project"}
    assert sent == [
        {
            "batches": [
                {**common, "hostnames": ["a", "b"], "quantity": 2},
                {**common, "hostnames": ["c"], "quantity": 1, "tags": ["own"]},
            ]
        }
    ]


def test_more_devices_than_go_into_one_request_are_all_made(api: FakePacket) -> None:
    settle(api, devices=hosts(*(f"n{number}" for number in range(250))))
    assert len(api.writes) == 3
    assert len(api.things["devices"]) == 250


def test_one_that_is_refused_by_itself_is_ordered_once(api: FakePacket) -> None:
    with pytest.raises(ResourceError, match=r"could not make refused-0: .*no such machine left$"):
        settle(api, devices=hosts("refused-0"))
    assert api.writes == [f"POST projects/{project(api)['id']}/devices"]


def test_what_was_perhaps_ordered_is_not_ordered_again(api: FakePacket) -> None:
    def lose(_type: str, path: str) -> None:
        raise api.refuse(path, 502)

    api.before_answer = lose
    assert set(settle(api, devices=hosts("a", "b")).after) == {"a", "b"}
    assert (len(api.writes), hostnames(api)) == (1, ["a", "b"])


@pytest.mark.parametrize("status", [404, 422, 503])
def test_what_no_batch_is_taken_for_is_ordered_one_by_one(api: FakePacket, status: int) -> None:
    def refuse(_project: str, _entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        raise api.refuse("batch", status)

    api._new_batches = refuse  # type: ignore[method-assign]
    assert set(settle(api, devices=hosts("a", "b")).after) == {"a", "b"}
    assert (len(api.writes), hostnames(api)) == (3, ["a", "b"])


def test_what_an_api_makes_after_its_answer_is_waited_for(api: FakePacket) -> None:
    api.batches_last = 3
    result = settle(api, devices=hosts("a", "b"), wait=False)
    assert set(result.after) == {"a", "b"}
    assert len(api.writes) == 1
    assert len([path for path in api.reads if path.startswith("GET batches/")]) == 3


def test_what_an_api_never_makes_is_an_error(api: FakePacket) -> None:
    api.batches_last = 1000
    with pytest.raises(TimeLimitError, match=r"2 devices that were ordered are not made after 60 s"):
        settle(api, devices=hosts("a", "b"), wait_timeout=60)


def test_a_batch_that_fails_says_why(api: FakePacket) -> None:
    api.batches_last = 2

    def fail(batch: dict[str, Any]) -> dict[str, Any]:
        return {**batch, "state": "failed", "error_messages": ["no machine for a"]}

    api._ripen = fail  # type: ignore[method-assign]
    with pytest.raises(ResourceError, match=r"could not make a, b: no machine for a$"):
        settle(api, devices=hosts("a", "b"))


def test_more_devices_than_a_page_holds_are_all_found(api: FakePacket) -> None:
    for number in range(250):
        api.add_device(project(api), f"n{number}")
    assert not settle(api, devices=hosts(*(f"n{number}" for number in range(250)))).changed


@pytest.mark.parametrize(
    "error", [errors.UnreachableError("POST", "the connection broke"), KeyboardInterrupt()]
)
def test_an_order_whose_answer_is_lost_makes_no_second_device(api: FakePacket, error: BaseException) -> None:
    numbers = itertools.count()

    def lose(_type: str, _path: str) -> None:
        if next(numbers) == 0:
            raise error

    api.before_answer = lose
    try:
        settle(api, devices=hosts("a", "b"))
    except KeyboardInterrupt:
        settle(api, devices=hosts("a", "b"))
    assert hostnames(api) == ["a", "b"]
    assert not settle(api, devices=hosts("a", "b")).changed


def test_two_runs_at_the_same_time_keep_the_older_device(api: FakePacket) -> None:
    earlier = api.add_device(project(api), "other")

    def meanwhile(_type: str, _path: str) -> None:
        earlier["hostname"] = "a"

    api.before_answer = meanwhile
    result = settle(api, devices=hosts("a"))
    assert [device["id"] for device in result.after.values()] == [earlier["id"]]
    assert hostnames(api) == ["a"]


@pytest.mark.parametrize("dry_run", [True, False])
def test_two_devices_of_one_identity_are_named(api: FakePacket, dry_run: bool) -> None:
    ids = [api.add_device(project(api), "a")["id"] for _ in range(2)]
    with pytest.raises(ResourceError, match=f"device a: there are 2 .*{ids[0]} and {ids[1]}"):
        settle(api, devices=hosts("a"), dry_run=dry_run)
    assert not api.writes


def test_both_of_two_devices_of_one_identity_can_be_removed(api: FakePacket) -> None:
    for _ in range(2):
        api.add_device(project(api), "a")
    result = settle(api, devices=hosts("a"), state="absent")
    assert result.changed
    assert len(result.diff["before"]) == 2
    assert not hostnames(api)


def test_a_device_without_the_identity_tags_is_a_stranger(api: FakePacket) -> None:
    stranger = api.add_device(project(api), "a", tags=["cluster=other"])
    result = settle(api, devices=hosts("a"), identity_tags=["cluster=mine"])
    assert len(api.things["devices"]) == 2
    assert result.after["a"]["id"] != stranger["id"]
    assert result.after["a"]["tags"] == ["cluster=mine"]


def test_strangers_are_not_even_asked_for(api: FakePacket) -> None:
    asked: list[dict[str, Any]] = []
    get = api._get

    def spy(path: list[str], params: dict[str, Any]) -> Any:
        if path[-1] == "devices":
            asked.append(params)
        return get(path, params)

    api._get = spy  # type: ignore[method-assign]
    settle(api, devices=hosts("a"), identity_tags=["pool=fast", "cluster=mine"], wait=False)
    assert [params.get("tag") for params in asked] == ["cluster=mine", "cluster=mine"]


def test_a_device_that_is_leaving_is_made_anew(api: FakePacket) -> None:
    api.add_device(project(api), "a", state="deprovisioning")
    assert settle(api, devices=hosts("a")).after["a"]["state"] == "active"


def test_purge_removes_what_carries_the_tags_and_is_not_listed(api: FakePacket) -> None:
    for name, tags in {"a": ["c=1"], "b": ["c=1"], "stranger": ["c=2"]}.items():
        api.add_device(project(api), name, tags=tags)
    settle(api, devices=hosts("a"), identity_tags=["c=1"], purge=True)
    assert hostnames(api) == ["a", "stranger"]
    settle(api, identity_tags=["c=1"], purge=True, state="absent")
    assert hostnames(api) == ["stranger"]


def test_absent_leaves_what_is_not_listed(api: FakePacket) -> None:
    for name in "ab":
        api.add_device(project(api), name)
    settle(api, devices=hosts("a"), state="absent")
    assert hostnames(api) == ["b"]


def test_a_device_that_is_being_provisioned_is_taken_up(api: FakePacket) -> None:
    device = api.add_device(project(api), "a")
    device |= {"state": "provisioning", "coming": ["provisioning", "active"]}
    result = settle(api, devices=hosts("a"))
    assert not result.changed
    assert result.after["a"]["state"] == "active"


def test_one_that_never_becomes_active_is_named_and_left(api: FakePacket) -> None:
    api.states = ("queued", "provisioning")
    with pytest.raises(TimeLimitError) as caught:
        settle(api, devices=hosts("a"), wait_timeout=60)
    text = str(caught.value)
    assert "not active after 60 s (wait_timeout)" in text
    assert f"a ({next(iter(api.things['devices']))}) is provisioning: the last event is" in text
    assert hostnames(api) == ["a"]
    next(iter(api.things["devices"].values()))["coming"] = ["active"]
    assert not settle(api, devices=hosts("a")).changed


def test_the_time_limit_names_every_device_but_asks_for_few(api: FakePacket) -> None:
    api.states = ("queued",)
    with pytest.raises(TimeLimitError) as caught:
        settle(api, devices=hosts(*(f"n{number}" for number in range(20))), wait_timeout=10)
    assert all(f"n{number} (" in str(caught.value) for number in range(20))
    assert len([path for path in api.reads if path.endswith("/events")]) == 5


def test_one_that_fails_ends_the_wait_at_once(api: FakePacket) -> None:
    api.states = ("queued", "failed")
    with pytest.raises(ResourceError, match=r"could not be provisioned: a \(.*\) is failed: .*state: absent"):
        settle(api, devices=hosts("a"))


@pytest.mark.parametrize("dry_run", [True, False])
def test_one_that_has_failed_is_an_error_until_it_is_removed(api: FakePacket, dry_run: bool) -> None:
    api.add_device(project(api), "a", state="failed")
    with pytest.raises(ResourceError, match="could not be provisioned"):
        settle(api, devices=hosts("a"), dry_run=dry_run)
    settle(api, devices=hosts("a"), state="absent")
    assert settle(api, devices=hosts("a")).after["a"]["state"] == "active"


def test_one_that_goes_away_while_it_is_provisioned_is_named(api: FakePacket) -> None:
    api.states = ("queued", "provisioning", "deprovisioning")
    told: list[str] = []
    original = api._advance

    def vanish(device: dict[str, Any]) -> dict[str, Any]:
        if "ready" in "".join(told):
            api.things["devices"].clear()
        return original(device)

    api._advance = vanish  # type: ignore[method-assign]
    with pytest.raises(ResourceError, match=r"a \(.*\) went away"):
        settle(api, devices=hosts("a"), told=told)


def test_without_waiting_the_order_is_all(api: FakePacket) -> None:
    result = settle(api, devices=hosts("a"), wait=False)
    assert result.after["a"]["state"] in ("queued", "provisioning")


def test_removal_is_asked_for_again_while_the_api_refuses_it(
    api: FakePacket, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.add_device(project(api), "a")
    refusals = iter([True, True, False])
    delete = api._delete

    def refuse(path: list[str], body: dict[str, Any]) -> None:
        if next(refusals):
            raise api.refuse("devices/a", 422, "Cannot delete a device while it is provisioning")
        delete(path, body)

    monkeypatch.setattr(api, "_delete", refuse)
    settle(api, devices=hosts("a"), state="absent")
    assert not hostnames(api)


def test_a_locked_device_is_an_error(api: FakePacket, monkeypatch: pytest.MonkeyPatch) -> None:
    api.add_device(project(api), "a")

    def refuse(_path: list[str], _body: dict[str, Any]) -> None:
        raise api.refuse("devices/a", 422, "Cannot delete a locked item")

    monkeypatch.setattr(api, "_delete", refuse)
    with pytest.raises(ResourceError, match=r"device a \(.*\): .*Cannot delete a locked item"):
        settle(api, devices=hosts("a"), state="absent")


def test_an_order_that_is_refused_is_named_and_the_others_are_kept(api: FakePacket) -> None:
    with pytest.raises(
        ResourceError, match=r"could not make refused-0, refused-1: .*no such machine left; the other 1"
    ):
        settle(api, devices=hosts("refused-0", "a", "refused-1"))
    assert hostnames(api) == ["a"]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"plan": "c9.huge"},
            r"plan 'c9.huge' \(of a\) is not offered; this API has: c3.small.x86, m3.large.x86",
        ),
        ({"operating_system": "beos"}, "operating_system 'beos' .* this API has: custom_ipxe, debian_12"),
        ({"metro": "xx"}, "metro 'xx' .* this API has: da, sv"),
        ({"facility": "xx1"}, "facility 'xx1' .* this API has: da11, sv15"),
    ],
)
def test_what_is_not_offered_is_refused_with_what_is(
    api: FakePacket, given: dict[str, Any], text: str, dry_run: bool
) -> None:
    with pytest.raises(ResourceError, match=text):
        settle(api, devices=[{"hostname": "a", **given}], dry_run=dry_run)
    assert not api.writes


def test_a_value_that_many_ask_for_is_named_once(api: FakePacket) -> None:
    wrong = [{"hostname": name, "metro": "xx"} for name in ("a", "b", "c", "d", "e")]
    with pytest.raises(ResourceError, match=r"metro 'xx' \(of a, b, c and 2 more\), 'yy' \(of f\) is not"):
        settle(api, devices=[*wrong, {"hostname": "f", "metro": "yy"}])


def test_what_is_missing_for_an_order_is_said(api: FakePacket) -> None:
    params = options(Devices.options, project="p", devices=hosts("a"))
    devices = Devices(api, params)
    with pytest.raises(ResourceError, match="a: cannot be made without plan, operating_system, metro"):
        reconcile_all(devices, devices.wanted(), dry_run=True)


@pytest.mark.parametrize(
    "hostname", ["", "under_score", "-a", "a-", "a..b", "ä", "a b", "a" * 64, "a." * 127 + "a"]
)
def test_what_is_no_hostname_is_refused(api: FakePacket, hostname: str) -> None:
    with pytest.raises(ResourceError, match="hostname is not valid; allowed are"):
        settle(api, devices=hosts(hostname))


def test_a_hostname_listed_twice_is_refused(api: FakePacket) -> None:
    with pytest.raises(ResourceError, match="a is listed more than once"):
        settle(api, devices=hosts("a", "b", "a"))


def test_purge_without_tags_is_refused(api: FakePacket) -> None:
    with pytest.raises(ResourceError, match="purge needs identity_tags"):
        settle(api, purge=True)


def test_user_data_is_sent_but_never_shown(api: FakePacket) -> None:
    result = settle(api, devices=hosts("a"), user_data="the secret")
    device = next(iter(api.things["devices"].values()))
    assert device["userdata"] == "the secret"
    assert "the secret" not in str(result)
    changed = settle(api, devices=hosts("a"), user_data="another secret")
    assert device["userdata"] == "another secret"
    assert list(changed.diff["before"]["a"]) == ["user_data"]
    assert "secret" not in str(changed)


def test_a_change_is_one_request_and_sends_only_what_differs(api: FakePacket) -> None:
    settle(api, devices=hosts("a"), tags=["x", "y"], description="old")
    api.writes.clear()
    settle(api, devices=hosts("a"), tags=["y", "x"], description="new", locked=True)
    assert len(api.writes) == 1
    assert next(iter(api.things["devices"].values()))["description"] == "new"


def test_a_device_prevails_over_what_is_said_of_all(api: FakePacket) -> None:
    devices = [
        {"hostname": "a", "plan": "m3.large.x86", "tags": ["own"], "facility": "da11", "locked": False},
        {"hostname": "b"},
    ]
    after = settle(api, devices=devices, tags=["common"], identity_tags=["identity"], locked=True).after
    assert after["a"]["plan"] == "m3.large.x86"
    assert after["a"]["tags"] == ["common", "identity", "own"]
    assert (after["a"]["metro"], after["a"]["facility"], after["a"]["locked"]) == (None, "da11", False)
    assert (after["b"]["tags"], after["b"]["metro"], after["b"]["locked"]) == (
        ["common", "identity"],
        "sv",
        True,
    )


def test_a_project_that_is_not_there_yet(api: FakePacket) -> None:
    params = options(Devices.options, **{**COMMON, "project": "later", "devices": hosts("a")})
    devices = Devices(api, params)
    assert reconcile_all(devices, devices.wanted(), dry_run=True).changed
    assert devices.warnings == ["the project 'later' does not exist yet"]
    with pytest.raises(ResourceError, match="the project 'later' does not exist: make it first"):
        reconcile_all(devices, devices.wanted(), dry_run=False)
