# SPDX-License-Identifier: GPL-3.0-or-later
"""What `replace` does beyond what the contract asks of it: what it shows, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.api_key import ApiKey
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device import Devices
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ip_assignment import IpAssignment
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ip_reservation import IpReservation
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.spot_market_request import (
    SpotMarketRequest,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.volume_attachment import (
    VolumeAttachment,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from kinds_packet import DEVICE, PacketWorld
from kinds_storage import BID, VOLUME, QuickVolume, with_devices

NOWHERE = "00000000-0000-4000-8000-000000000000"
MODES = pytest.mark.parametrize("dry_run", [True, False], ids=["check mode", "run"])
ONE = {**DEVICE, "devices": [{"hostname": "n0"}]}


@pytest.fixture
def world() -> Iterator[PacketWorld]:
    world = PacketWorld(QuickVolume)
    yield world
    world.leave()


def settle(kind: type[Any], world: PacketWorld, wanted: dict[str, Any], dry_run: bool = False) -> Any:
    world.kind = kind
    return world.settle(wanted, dry_run=dry_run)


def refused(kind: type[Any], world: PacketWorld, wanted: dict[str, Any], dry_run: bool, text: str) -> None:
    was = world.state()
    with pytest.raises(ResourceError, match=text):
        settle(kind, world, wanted, dry_run)
    assert world.state() == was


def test_a_replaced_object_is_shown_as_the_old_and_the_new_one(world: PacketWorld) -> None:
    old = settle(QuickVolume, world, {**VOLUME, "custom_data": {"a": 1}}).after
    asked = {**VOLUME, "size": 20, "facility": "sv15", "replace": True}
    step = settle(QuickVolume, world, asked)
    assert step.diff["before"] == old
    assert step.diff["after"] == {name: asked[name] for name in ("description", "plan", "facility", "size")}
    assert step.after["id"] != old["id"]
    assert (step.after["facility"], step.after["custom_data"]) == ("sv15", {})


def test_where_nothing_needs_it_nothing_is_replaced(world: PacketWorld) -> None:
    old = settle(QuickVolume, world, VOLUME).after
    step = settle(QuickVolume, world, {**VOLUME, "size": 20, "replace": True})
    assert step.diff == {"before": {"size": 10}, "after": {"size": 20}}
    assert step.after["id"] == old["id"]


@MODES
def test_the_error_names_the_way_out(world: PacketWorld, dry_run: bool) -> None:
    settle(QuickVolume, world, {**VOLUME, "size": 20})
    text = r"cannot change size \(is 20, wanted 10\) once it exists; keep the value, or give replace: true"
    refused(QuickVolume, world, VOLUME, dry_run, text)


@MODES
def test_a_volume_that_is_attached_is_not_replaced(world: PacketWorld, dry_run: bool) -> None:
    with_devices(world)
    settle(QuickVolume, world, VOLUME)
    settle(VolumeAttachment, world, {"project": "p", "volume": "data", "device": "a"})
    wanted = {**VOLUME, "facility": "sv15", "replace": True}
    refused(QuickVolume, world, wanted, dry_run, "'data' is attached to device .*; detach it")


@MODES
def test_a_volume_that_is_locked_is_not_replaced(world: PacketWorld, dry_run: bool) -> None:
    settle(QuickVolume, world, {**VOLUME, "locked": True})
    wanted = {**VOLUME, "facility": "sv15", "replace": True}
    refused(QuickVolume, world, wanted, dry_run, "'data' is locked; unlock it first")


@MODES
def test_what_a_new_one_cannot_be_made_without_is_asked_for_first(world: PacketWorld, dry_run: bool) -> None:
    settle(QuickVolume, world, VOLUME)
    bare = {"project": "p", "description": "data", "facility": "sv15", "replace": True}
    refused(QuickVolume, world, bare, dry_run, "'data': cannot be made without plan")
    settle(SpotMarketRequest, world, BID)
    bare = {"project": "p", "tags": BID["tags"], "max_bid_price": 1.0, "replace": True}
    refused(SpotMarketRequest, world, bare, dry_run, "cannot be made without plan, operating_system, metro")


@pytest.mark.parametrize("kind", [QuickVolume, ApiKey])
def test_what_is_known_by_its_id_is_not_replaced(world: PacketWorld, kind: type[Any]) -> None:
    refused(kind, world, {"project": "p", "id": NOWHERE, "replace": True}, True, "leave out the id")


@MODES
def test_addresses_in_use_are_not_replaced(world: PacketWorld, dry_run: bool) -> None:
    with_devices(world)
    order = {"project": "p", "facility": "ewr1", "tags": ["endpoint"]}
    address = settle(IpReservation, world, order).after["address"]
    settle(IpAssignment, world, {"project": "p", "address": address, "device": "a"})
    wanted = {**order, "quantity": 2, "replace": True}
    refused(IpReservation, world, wanted, dry_run, "is assigned to device .*; take it away first")


@MODES
def test_a_locked_device_is_not_replaced(world: PacketWorld, dry_run: bool) -> None:
    settle(Devices, world, {**ONE, "locked": True})
    wanted = {**ONE, "plan": "m3.large.x86", "replace": True}
    refused(Devices, world, wanted, dry_run, "n0 cannot be replaced while locked; unlock it first")


@MODES
def test_a_device_is_not_replaced_by_one_that_cannot_be_made(world: PacketWorld, dry_run: bool) -> None:
    settle(Devices, world, ONE)
    refused(Devices, world, {**ONE, "plan": "none", "replace": True}, dry_run, "plan")


def test_of_several_devices_only_those_are_replaced_that_need_it(world: PacketWorld) -> None:
    both = {**DEVICE, "devices": [{"hostname": "n0"}, {"hostname": "n1"}]}
    old = settle(Devices, world, both).after
    changed = [{"hostname": "n0"}, {"hostname": "n1", "plan": "m3.large.x86"}]
    new = settle(Devices, world, {**both, "devices": changed, "replace": True}).after
    assert new["n0"]["id"] == old["n0"]["id"]
    assert new["n1"]["id"] != old["n1"]["id"]
    assert (new["n1"]["plan"], new["n1"]["state"]) == ("m3.large.x86", "active")
