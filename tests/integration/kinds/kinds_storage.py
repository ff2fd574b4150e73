# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kinds of storage, power and the spot market, over packetd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device_power import DevicePower
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.snapshot_policy import SnapshotPolicy
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.spot_market_request import (
    SpotMarketRequest,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.volume import Volume
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.volume_attachment import (
    VolumeAttachment,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.wait import Waiting
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import reconcile_all
from kinds import Case, Outcome, World
from kinds_packet import PacketWorld, over
from packet_options import Instant, options
from packetd_api import Packetd


def instant(api: Packetd, params: Mapping[str, Any]) -> Waiting:
    """Waiting as the options ask for, in which packetd goes on."""
    return Waiting(params["wait"], params["wait_timeout"], clock=Instant(api.go_on))


class QuickVolume(Volume):
    """A volume for which waiting takes no time."""

    def __init__(self, api: Packetd, params: Mapping[str, Any]) -> None:
        super().__init__(api, params, instant(api, params))


class PowerWorld(PacketWorld):
    """A project with the devices a and b, which are on; absent is what was switched off no more."""

    makes = False

    def __init__(self) -> None:
        super().__init__(DevicePower)
        with_devices(self)

    def settle(self, wanted: Any, *, dry_run: bool) -> Outcome:
        given = wanted or {"project": "p", "devices": ["a", "b"], "state": "on"}
        params = options(DevicePower.options, api_url="http://api", api_token="a-token", **given)
        devices = DevicePower(self.api, params, instant(self.api, params))
        return reconcile_all(devices, devices.wanted(), dry_run=dry_run)


@contextmanager
def power(_folder: Path) -> Iterator[World]:
    world = PowerWorld()
    try:
        yield world
    finally:
        world.leave()


def with_devices(world: PacketWorld) -> None:
    for hostname in ("a", "b"):
        order = {"plan": "baremetal_0", "operating_system": "debian_12", "facility": "ewr1"}
        world.api.add(f"projects/{world.project['id']}/devices", hostname=hostname, **order)


def with_volume(world: PacketWorld) -> None:
    order = {"plan": "storage_1", "facility": "ewr1", "description": "data"}
    world.api.add(f"projects/{world.project['id']}/storage", **order)


def with_volume_and_devices(world: PacketWorld) -> None:
    with_volume(world)
    with_devices(world)


VOLUME = {"project": "p", "description": "data", "plan": "storage_1", "facility": "ewr1", "size": 10}
POLICY = {"project": "p", "volume": "data", "frequency": "1day"}
BID = {
    "project": "p",
    "tags": ["cluster=blue"],
    "plan": "c3.small.x86",
    "operating_system": "debian_12",
    "metro": "sv",
    "max_bid_price": 0.05,
    "devices_max": 2,
    "user_data": "#!/bin/sh",
    "end_at": "2030-01-31 13:00:00+01:00",
}

CASES = [
    Case(
        "volume",
        over(QuickVolume, {"project": "p", "description": "data"}),
        wanted=VOLUME,
        changed={**VOLUME, "size": 20, "plan": "storage_2", "custom_data": {"a": 1}},
        refused={**VOLUME, "facility": "sv15"},
        replaces=True,
    ),
    Case(
        "volume that shrinks",
        over(QuickVolume, {"project": "p", "description": "data"}),
        wanted={**VOLUME, "size": 20},
        changed={**VOLUME, "size": 20, "billing_cycle": "monthly"},
        refused=VOLUME,
        replaces=True,
    ),
    Case(
        "volume_attachment",
        over(VolumeAttachment, {"project": "p", "volume": "data"}, with_volume_and_devices),
        wanted={"project": "p", "volume": "data", "device": "a"},
        changed={"project": "p", "volume": "data", "device": "b"},
    ),
    Case(
        "snapshot_policy",
        over(SnapshotPolicy, POLICY, with_volume),
        wanted={**POLICY, "count": 2},
        changed={**POLICY, "count": 3},
    ),
    Case(
        "spot_market_request",
        over(SpotMarketRequest, {"project": "p", "tags": ["cluster=blue"], "force_termination": True}),
        wanted=BID,
        changed=None,
        refused={**BID, "max_bid_price": 0.06},
        replaces=True,
    ),
    Case(
        "device_power",
        power,
        wanted={"project": "p", "devices": ["a", "b"], "state": "off"},
        changed=None,
    ),
]
