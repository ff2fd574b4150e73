# SPDX-License-Identifier: GPL-3.0-or-later
"""What volumes, their attachments and policies, power and bids do beyond what every Kind does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds import (
    device_power,
    snapshot_policy,
    spot_market_request,
    volume,
    volume_attachment,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device_power import DevicePower
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.snapshot_policy import SnapshotPolicy
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.spot_market_request import (
    SpotMarketRequest,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.volume import Volume
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.volume_attachment import (
    VolumeAttachment,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.wait import TimeLimitError, Waiting
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Plan,
    Plans,
    ResourceError,
    reconcile,
    reconcile_all,
)
from kinds_packet import PacketWorld
from kinds_storage import BID, POLICY, VOLUME, QuickVolume, instant, with_devices, with_volume
from packet_options import Instant, options

from packetd.drivers import DriverError, VolumeOrder
from packetd.drivers.record_volumes import RecordedVolumes

NOWHERE = "00000000-0000-4000-8000-000000000000"
ACCESS = {"api_url": "http://api", "api_token": "the-token-of-a-test"}
MODES = pytest.mark.parametrize("dry_run", [True, False], ids=["check mode", "run"])


@pytest.fixture
def world() -> Iterator[PacketWorld]:
    world = PacketWorld(Volume)
    yield world
    world.leave()


def thing(kind: type[Any], world: PacketWorld, **given: Any) -> Any:
    return kind(world.api, options(kind.options, **ACCESS, **given))


def settle(kind: type[Any], world: PacketWorld, dry_run: bool = False, **given: Any) -> Plan:
    made = thing(kind, world, **given)
    return reconcile(made, None if given.get("state") == "absent" else made.wanted(), dry_run=dry_run)


def after(step: Plan) -> dict[str, Any]:
    assert step.after is not None
    return step.after


def order_volume(world: PacketWorld, **more: Any) -> dict[str, Any]:
    """One that is left as it is when it was just asked for."""
    order = {"plan": "storage_1", "facility": "ewr1", "description": "data", **more}
    made: dict[str, Any] = world.api.call_api(f"projects/{world.project['id']}/storage", "POST", order)
    return made


def device_id(world: PacketWorld, hostname: str) -> str:
    devices = world.api.call_api(f"projects/{world.project['id']}/devices")["devices"]
    return next(str(device["id"]) for device in devices if device["hostname"] == hostname)


# Volumes


def test_a_volume_of_an_ambiguous_description_is_not_guessed(world: PacketWorld) -> None:
    first, second = (order_volume(world) for _ in range(2))
    with pytest.raises(ResourceError, match=r"volume 'data' is ambiguous: .* have that name; give the id"):
        settle(QuickVolume, world, **VOLUME)
    assert after(settle(QuickVolume, world, project="p", id=first["id"]))["id"] == first["id"]
    assert after(settle(QuickVolume, world, project="p", id=second["name"]))["id"] == second["id"]


def test_a_volume_gets_another_description_by_its_id(world: PacketWorld) -> None:
    made = order_volume(world)
    step = settle(QuickVolume, world, project="p", id=made["id"], description="other")
    assert step.diff == {"before": {"description": "data"}, "after": {"description": "other"}}


@MODES
def test_what_a_volume_cannot_be_made_without(world: PacketWorld, dry_run: bool) -> None:
    with pytest.raises(ResourceError, match="volume 'data': cannot be made without plan, facility"):
        settle(QuickVolume, world, dry_run, project="p", description="data")
    with pytest.raises(ResourceError, match=f"volume {NOWHERE} does not exist; leave out the id"):
        settle(QuickVolume, world, dry_run, project="p", id=NOWHERE)
    assert not settle(QuickVolume, world, dry_run, project="p", id=NOWHERE, state="absent").changed


@pytest.mark.parametrize(
    ("given", "text"),
    [({"size": 9}, "size is 9 GiB; allowed are 10 to 10000"), ({"description": ""}, "description is empty")],
)
def test_options_of_a_volume_that_cannot_be(world: PacketWorld, given: dict[str, Any], text: str) -> None:
    with pytest.raises(ResourceError, match=text):
        thing(Volume, world, **{**VOLUME, **given})


def test_a_volume_of_a_project_that_is_not_there_yet(world: PacketWorld) -> None:
    later = {**VOLUME, "project": "later"}
    assert settle(QuickVolume, world, dry_run=True, **later).changed
    assert thing(Volume, world, **later).warnings == ["the project 'later' does not exist yet"]
    with pytest.raises(ResourceError, match="the project 'later' does not exist: make it first"):
        settle(QuickVolume, world, **later)


def test_a_volume_that_is_half_made_is_waited_for(world: PacketWorld) -> None:
    made = order_volume(world)
    assert after(settle(QuickVolume, world, project="p", description="data", wait=False))["state"] == "queued"
    step = settle(QuickVolume, world, project="p", description="data")
    assert (step.changed, after(step)["id"], after(step)["state"]) == (False, made["id"], "active")


def test_a_volume_that_is_not_made_in_time_is_named(world: PacketWorld) -> None:
    made = order_volume(world)
    params = options(Volume.options, **ACCESS, **VOLUME)
    kind = Volume(world.api, {**params, "size": None}, Waiting(limit=5, clock=Instant()))
    with pytest.raises(
        TimeLimitError, match=rf"'data' \({made['id']}\): still queued after 5 s .*was asked for"
    ):
        reconcile(kind, kind.wanted(), dry_run=False)


def test_a_volume_that_cannot_be_made_is_an_error_with_its_reason(
    world: PacketWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_storage: RecordedVolumes, _order: VolumeOrder) -> None:
        raise DriverError("there is no room")

    with monkeypatch.context() as patch:
        patch.setattr(RecordedVolumes, "make", refuse)
        with pytest.raises(ResourceError, match=r"could not be made: .*there is no room.*state: absent"):
            settle(QuickVolume, world, **VOLUME)
    with pytest.raises(ResourceError, match="could not be made"):
        settle(QuickVolume, world, dry_run=True, **VOLUME)
    assert settle(QuickVolume, world, **VOLUME, state="absent").changed
    assert after(settle(QuickVolume, world, **VOLUME))["state"] == "active"


def test_a_volume_that_is_in_use_or_locked_is_not_removed(world: PacketWorld) -> None:
    with_volume(world)
    with_devices(world)
    settle(VolumeAttachment, world, project="p", volume="data", device="a")
    shown = after(settle(QuickVolume, world, project="p", description="data"))
    assert shown["attached_to"] == [device_id(world, "a")]
    absent = {"project": "p", "description": "data", "state": "absent"}
    assert settle(QuickVolume, world, dry_run=True, **absent).changed
    with pytest.raises(ResourceError, match=r"volume 'data' is attached to device .*; detach it first"):
        settle(QuickVolume, world, **absent)
    settle(VolumeAttachment, world, project="p", volume="data", state="absent")
    settle(QuickVolume, world, project="p", description="data", locked=True)
    with pytest.raises(ResourceError, match=r"volume 'data' is locked; unlock it first \(locked: false\)"):
        settle(QuickVolume, world, **absent)
    settle(QuickVolume, world, project="p", description="data", locked=False)
    assert settle(QuickVolume, world, **absent).changed


def test_all_volumes_are_shown_over_pages(world: PacketWorld) -> None:
    made = {order_volume(world, description=f"v{number}")["id"] for number in range(101)}
    assert {shown["id"] for shown in volume.INFO.search(world.api, {"project": "p"})} == made


# Attachments


def test_a_volume_on_another_device_is_not_taken_away(world: PacketWorld) -> None:
    with_volume(world)
    with_devices(world)
    given = {"project": "p", "volume": "data"}
    on_a = after(settle(VolumeAttachment, world, **given, device="a"))
    assert not settle(VolumeAttachment, world, **given, device="b", state="absent").changed
    search = volume_attachment.INFO.search
    assert search(world.api, {"project": "p"}) == search(world.api, {**given, "device": "a"}) == [on_a]
    assert search(world.api, {**given, "device": "b"}) == []
    step = settle(VolumeAttachment, world, **given, device=device_id(world, "b"))
    assert step.diff["before"] == {"device_id": device_id(world, "a")}
    assert settle(VolumeAttachment, world, **given, state="absent").changed


def test_what_is_attached_may_not_be_there_yet(world: PacketWorld) -> None:
    given = {"project": "p", "volume": "data", "device": "a"}
    assert settle(VolumeAttachment, world, dry_run=True, **given).changed
    assert thing(VolumeAttachment, world, **given).warnings == [
        "the volume 'data' does not exist yet",
        "the device 'a' does not exist yet",
    ]
    with pytest.raises(ResourceError, match="the project has no volume 'data': make it first"):
        settle(VolumeAttachment, world, **given)
    with_volume(world)
    with pytest.raises(ResourceError, match="'data': the project has no device 'a'"):
        settle(VolumeAttachment, world, **given)
    assert not settle(VolumeAttachment, world, **given, state="absent").changed
    with pytest.raises(ResourceError, match=f"there is no volume {NOWHERE} in the project"):
        settle(VolumeAttachment, world, dry_run=True, **{**given, "volume": NOWHERE})
    assert not settle(VolumeAttachment, world, project="p", volume=NOWHERE, state="absent").changed
    with pytest.raises(ResourceError, match="the project has no volume 'other'"):
        volume_attachment.INFO.search(world.api, {"project": "p", "volume": "other"})


@MODES
def test_a_volume_stays_where_it_is_if_it_cannot_be_where_it_shall(world: PacketWorld, dry_run: bool) -> None:
    with_volume(world)
    with_devices(world)
    order = {"plan": "baremetal_0", "operating_system": "debian_12", "facility": "sjc1", "hostname": "far"}
    world.api.add(f"projects/{world.project['id']}/devices", **order)
    settle(VolumeAttachment, world, project="p", volume="data", device="a")
    for device, text in (("far", "is in facility ewr1 and the device 'far' in sjc1"), ("none", "no device")):
        if device == "none" and dry_run:
            continue
        with pytest.raises(ResourceError, match=text):
            settle(VolumeAttachment, world, dry_run, project="p", volume="data", device=device)
    assert not settle(VolumeAttachment, world, project="p", volume="data", device="a").changed


# Snapshot policies


def test_a_volume_has_a_policy_of_each_frequency(world: PacketWorld) -> None:
    with_volume(world)
    daily = after(settle(SnapshotPolicy, world, **POLICY))
    weekly = after(settle(SnapshotPolicy, world, **{**POLICY, "frequency": "1week", "count": 4}))
    assert (daily["count"], weekly["count"]) == (1, 4)
    assert snapshot_policy.INFO.search(world.api, {"project": "p"}) == [daily, weekly]
    assert snapshot_policy.INFO.search(world.api, {"project": "p", "volume": "data"}) == [daily, weekly]
    step = settle(SnapshotPolicy, world, **{**POLICY, "frequency": "1month"}, id=daily["id"])
    assert step.diff == {"before": {"frequency": "1day"}, "after": {"frequency": "1month"}}
    assert not settle(SnapshotPolicy, world, **POLICY, state="absent").changed
    assert settle(SnapshotPolicy, world, project="p", volume="data", id=daily["id"], state="absent").changed


def test_two_policies_of_a_frequency_are_told_apart_by_their_ids(world: PacketWorld) -> None:
    with_volume(world)
    first = after(settle(SnapshotPolicy, world, **POLICY))
    path = f"storage/{first['volume_id']}/snapshot-policies?snapshot_frequency=1day&snapshot_count=2"
    second = world.api.call_api(path, "POST")
    with pytest.raises(ResourceError, match="the one of 1day of 'data' is ambiguous, there are 2"):
        settle(SnapshotPolicy, world, **POLICY)
    assert settle(SnapshotPolicy, world, **POLICY, id=second["id"], state="absent").changed
    assert not settle(SnapshotPolicy, world, **POLICY, count=1).changed


def test_policies_that_cannot_be(world: PacketWorld) -> None:
    with pytest.raises(ResourceError, match="count is 257; allowed are 1 to 256"):
        thing(SnapshotPolicy, world, **POLICY, count=257)
    assert settle(SnapshotPolicy, world, dry_run=True, **POLICY).changed
    assert thing(SnapshotPolicy, world, **POLICY).warnings == ["the volume 'data' does not exist yet"]
    with pytest.raises(ResourceError, match="the project has no volume 'data': make it first"):
        settle(SnapshotPolicy, world, **POLICY)
    with_volume(world)
    with pytest.raises(ResourceError, match=f"'data' has no policy {NOWHERE}; leave out the id"):
        settle(SnapshotPolicy, world, **POLICY, id=NOWHERE)


# Spot market requests


def test_a_bid_among_others_is_found_by_its_tags_and_shows_its_devices(world: PacketWorld) -> None:
    first = after(
        settle(SpotMarketRequest, world, **{**BID, "tags": ["a", "b"], "hostnames": ["n{{index}}"]})
    )
    settle(SpotMarketRequest, world, **{**BID, "tags": ["c"], "devices_min": 2, "max_bid_price": 0.0})
    world.api._site.market.turn()
    step = settle(SpotMarketRequest, world, **{**BID, "tags": ["b"]})
    assert (step.changed, after(step)["id"]) == (False, first["id"])
    assert after(step)["devices"] == [device_id(world, "n0"), device_id(world, "n1")]
    assert after(step)["end_at"] == "2030-01-31T12:00:00Z"
    assert "#!/bin/sh" not in repr(after(step))
    assert after(step)["user_data"].startswith("sha256:")
    assert after(step) in spot_market_request.INFO.search(world.api, {"project": "p"})

    settle(SpotMarketRequest, world, project="p", tags=["a"], state="absent")
    assert device_id(world, "n0")
    again = after(settle(SpotMarketRequest, world, **{**BID, "tags": ["a"]}))
    world.api._site.market.turn()
    world.api.go_on()
    settle(SpotMarketRequest, world, project="p", tags=["a"], force_termination=True, state="absent")
    assert device_id(world, "n0")
    shown = spot_market_request.INFO.search(world.api, {"project": "p"})
    assert [request["tags"] for request in shown] == [["c"]]
    assert again["id"] not in {request["id"] for request in shown}
    states = {
        device["hostname"]: device["state"]
        for device in world.api.call_api(f"projects/{world.project['id']}/devices")["devices"]
    }
    assert {states["spot-0"], states["spot-1"]} == {"deprovisioning"}


def test_a_bid_of_ambiguous_tags_is_not_guessed(world: PacketWorld) -> None:
    settle(SpotMarketRequest, world, **{**BID, "tags": ["a", "b"]})
    settle(SpotMarketRequest, world, **{**BID, "tags": ["a", "c"]})
    with pytest.raises(ResourceError, match="the one with tags a is ambiguous, there are 2"):
        settle(SpotMarketRequest, world, **{**BID, "tags": ["a"]})


def test_facilities_of_a_bid_are_compared_in_any_order(world: PacketWorld) -> None:
    bid = {**BID, "metro": None, "facilities": ["sv15", "ny5"]}
    assert after(settle(SpotMarketRequest, world, **bid))["metro"] is None
    assert not settle(SpotMarketRequest, world, **{**bid, "facilities": ["ny5", "sv15"]}).changed


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"tags": []}, "tags is empty"),
        ({"metro": None, "facilities": ["any"]}, "facilities has any"),
        ({"devices_min": 3}, "devices_min 3 is more than devices_max 2"),
        ({"end_at": "soon"}, "end_at 'soon' is no time such as"),
        (
            {"plan": None, "metro": None, "max_bid_price": None},
            re.escape("cannot be made without plan, max_bid_price, metro (or facilities)"),
        ),
    ],
)
@MODES
def test_bids_that_cannot_be(world: PacketWorld, given: dict[str, Any], text: str, dry_run: bool) -> None:
    with pytest.raises(ResourceError, match=text):
        settle(SpotMarketRequest, world, dry_run, **{**BID, **given})


# Power


def switch(
    world: PacketWorld, state: str, *devices: str, dry_run: bool = False, limit: float = 900, **given: Any
) -> Plans:
    params = options(DevicePower.options, **ACCESS, project="p", devices=list(devices), state=state, **given)
    waiting = instant(world.api, {**params, "wait_timeout": limit})
    power = DevicePower(world.api, params, waiting)
    return reconcile_all(power, power.wanted(), dry_run=dry_run)


def order_device(world: PacketWorld, hostname: str) -> dict[str, Any]:
    order = {"plan": "baremetal_0", "operating_system": "debian_12", "metro": "sv", "hostname": hostname}
    made: dict[str, Any] = world.api.call_api(f"projects/{world.project['id']}/devices", "POST", order)
    return made


def states(plans: Plans) -> dict[str, str]:
    return {name: device["state"] for name, device in plans.after.items()}


def test_devices_are_switched_by_hostname_and_id(world: PacketWorld) -> None:
    with_devices(world)
    b = device_id(world, "b")
    off = switch(world, "off", "a", b)
    assert (off.changed, states(off)) == (True, {"a": "inactive", b: "inactive"})
    on = switch(world, "on", b)
    assert on.diff == {"before": {b: {"state": "inactive"}}, "after": {b: {"state": "active"}}}
    mixed = switch(world, "on", "a", "b")
    assert list(mixed.diff["after"]) == ["a"]


def test_a_reboot_changes_each_time_and_switches_on_what_is_off(world: PacketWorld) -> None:
    with_devices(world)
    switch(world, "off", "b")
    for _ in range(2):
        assert switch(world, "rebooted", "a", "b", dry_run=True).changed
        rebooted = switch(world, "rebooted", "a", "b")
        assert (rebooted.changed, states(rebooted)) == (True, {"a": "active", "b": "active"})
    events = world.api.call_api(f"devices/{device_id(world, 'a')}/events", params={"per_page": 100})["events"]
    assert [event["type"] for event in events].count("power.203") == 2


def test_many_devices_are_waited_for_with_one_look_at_all(
    world: PacketWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"n{number}" for number in range(6)]
    for name in names:
        order_device(world, name)
    monkeypatch.setattr(device_power, "PER_PAGE", 5)
    reads: list[str] = []
    call_api = world.api.call_api

    def counted(method: str, type: str = "GET", params: Any = None) -> Any:  # noqa: A002 as in Manager
        if type == "GET":
            reads.append(method)
        return call_api(method, type, params)

    monkeypatch.setattr(world.api, "call_api", counted)
    assert set(states(switch(world, "rebooted", *names)).values()) == {"active"}
    project = f"projects/{world.project['id']}"
    assert set(reads) == {"projects", f"{project}/devices", f"{project}/events"}


def test_a_device_that_is_being_installed_or_switched_is_asked_after(world: PacketWorld) -> None:
    made = order_device(world, "new")
    assert not switch(world, "on", "new", dry_run=True).changed
    assert states(switch(world, "off", "new")) == {"new": "inactive"}
    world.api.call_api(f"devices/{made['id']}/actions", "POST", {"type": "power_on"})
    assert states(switch(world, "off", "new", wait=False, dry_run=True)) == {"new": "inactive"}
    with pytest.raises(
        ResourceError, match=r"device_power new: .*Cannot power off a device that is powering_on"
    ):
        switch(world, "off", "new", wait=False)
    step = switch(world, "on", "new")
    assert (step.changed, states(step)) == (False, {"new": "active"})


def test_a_device_that_somebody_reboots_is_asked_after(world: PacketWorld) -> None:
    with_devices(world)
    world.api.call_api(f"devices/{device_id(world, 'a')}/actions", "POST", {"type": "reboot"})
    assert states(switch(world, "off", "a")) == {"a": "inactive"}


def test_the_reboot_of_somebody_else_is_not_taken_for_ours(world: PacketWorld) -> None:
    with_devices(world)
    a = device_id(world, "a")
    world.api.call_api(f"devices/{a}/actions", "POST", {"type": "reboot"})
    assert states(switch(world, "rebooted", "a")) == {"a": "active"}
    events = world.api.call_api(f"devices/{a}/events", params={"per_page": 100})["events"]
    assert [event["type"] for event in events][:6] == ["power.203", "power.201", "power.200"] * 2


def test_without_waiting_devices_are_only_asked(world: PacketWorld) -> None:
    with_devices(world)
    assert states(switch(world, "off", "a", wait=False)) == {"a": "powering_off"}
    assert not switch(world, "off", "a", wait=False).changed
    assert states(switch(world, "rebooted", "b", wait=False)) == {"b": "active"}


def test_devices_that_are_not_there(world: PacketWorld) -> None:
    with_devices(world)
    params = options(DevicePower.options, **ACCESS, project="p", devices=["a", "later"], state="off")
    power = DevicePower(world.api, params)
    assert reconcile_all(power, power.wanted(), dry_run=True).changed
    assert power.warnings == ["the device 'later' does not exist yet"]
    with pytest.raises(ResourceError, match="the project has no device 'later': make it first"):
        switch(world, "on", "a", "later")
    with pytest.raises(ResourceError, match=f"there is no device {NOWHERE} in the project"):
        switch(world, "on", NOWHERE, dry_run=True)
    a = device_id(world, "a")
    for twice in (("a", a), ("a", "a"), ("later", "later")):
        with pytest.raises(ResourceError, match=f"{twice[0]} and {twice[1]} in devices are the same"):
            switch(world, "on", *twice, dry_run=True)


def test_a_hostname_of_two_devices_is_not_guessed(world: PacketWorld) -> None:
    with_devices(world)
    world.api.call_api(f"devices/{device_id(world, 'b')}", "PATCH", {"hostname": "a"})
    with pytest.raises(ResourceError, match=r"device 'a' is ambiguous: .* give the id"):
        switch(world, "off", "a")


def test_a_machine_that_does_not_obey_is_an_error_with_its_reason(world: PacketWorld) -> None:
    with_devices(world)
    a = device_id(world, "a")
    world.api._site.driver.destroy_machine(a)
    with pytest.raises(ResourceError, match=rf"a \({a}\): power_off failed: .* has no machine"):
        switch(world, "off", "a", "b")
    for dry_run in (True, False):
        with pytest.raises(ResourceError, match=rf"a \({a}\) could not be provisioned.*state: absent"):
            switch(world, "on", "a", dry_run=dry_run)


def test_devices_that_are_not_switched_in_time_are_named(world: PacketWorld) -> None:
    with_devices(world)
    a = device_id(world, "a")
    params = options(DevicePower.options, **ACCESS, project="p", devices=["a"], state="off")
    for text in ("not inactive", "cannot be asked yet"):
        power = DevicePower(world.api, params, Waiting(limit=5, clock=Instant()))
        with pytest.raises(
            TimeLimitError, match=rf"{text} after 5 s \(wait_timeout\): a \({a}\) is powering_o"
        ):
            reconcile_all(power, power.wanted(), dry_run=False)
        params = {**params, "state": "on"}


def test_a_device_that_goes_away_meanwhile_is_named(world: PacketWorld) -> None:
    with_devices(world)
    a = device_id(world, "a")
    params = options(DevicePower.options, **ACCESS, project="p", devices=["a"], state="off")

    def remove() -> None:
        world.api.call_api(f"devices/{a}?force_delete=true", "DELETE")

    power = DevicePower(world.api, params, Waiting(clock=Instant(remove)))
    with pytest.raises(ResourceError, match="device_power: a went away meanwhile"):
        reconcile_all(power, power.wanted(), dry_run=False)
