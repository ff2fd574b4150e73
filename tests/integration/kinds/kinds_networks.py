# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kinds of networks and accounts, over packetd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.api_key import ApiKey
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.bgp_config import BgpConfig
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.bgp_session import BgpSession
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.organization import Organization
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.port import Port
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.vlan import Vlan
from kinds import Case, Outcome, World
from kinds_packet import PacketWorld, over, with_devices

# What tests make that belongs to no project.
MADE = ("new", "newer")


class Restored(PacketWorld):
    """For what the API never removes: it is brought back instead to what it was at first."""

    makes = False

    def __init__(self, kind: type[Any], first: dict[str, Any]) -> None:
        super().__init__(kind)
        self._first = first

    def settle(self, wanted: Any, *, dry_run: bool) -> Outcome:
        return super().settle(wanted or self._first, dry_run=dry_run)


def restored(
    kind: type[Any], first: dict[str, Any], prepare: Callable[[PacketWorld], None]
) -> Callable[[Path], AbstractContextManager[World]]:
    """A World for a kind that is always there; `first` are the options for what it is at first."""

    @contextmanager
    def make(_folder: Path) -> Iterator[World]:
        world = Restored(kind, first)
        try:
            prepare(world)
            yield world
        finally:
            world.leave()

    return make


def personal(kind: type[Any], absent: dict[str, Any]) -> Callable[[Path], AbstractContextManager[World]]:
    """A World for what belongs to the user, who is left without what tests make."""
    make = over(kind, absent)

    @contextmanager
    def alone(folder: Path) -> Iterator[World]:
        with make(folder) as world:
            assert isinstance(world, PacketWorld)
            try:
                yield world
            finally:
                leave(world.api)

    return alone


def leave(api: Any) -> None:
    """Removes the user's organizations and keys that tests have made."""
    for path, key, name in (
        ("organizations", "organizations", "name"),
        ("user/api-keys", "api_keys", "description"),
    ):
        for thing in api.call_api(path)[key]:
            if thing[name] in MADE:
                api.call_api(f"{path}/{thing['id']}", "DELETE")


def with_bgp(world: PacketWorld) -> None:
    with_devices(world)
    world.api.call_api(f"projects/{world.project['id']}/bgp-configs", "POST", {"deployment_type": "local"})


def with_vlans(world: PacketWorld) -> None:
    with_devices(world)
    for vxlan, description in ((1100, "storage"), (1101, "backup"), (1102, None)):
        order = {"vxlan": vxlan, "metro": "sv", "description": description}
        world.api.add(f"projects/{world.project['id']}/virtual-networks", **order)


PLAIN = {"bonded": True, "vlans": [], "purge": True}
BOND = {"project": "p", "device": "a", "name": "bond0"}
INTERFACE = {"project": "p", "device": "a", "name": "eth1"}

CASES = [
    Case(
        "vlan by number",
        over(Vlan, {"project": "p", "vxlan": 1100}),
        wanted={"project": "p", "metro": "sv", "vxlan": 1100, "tags": ["x", "y"]},
        changed={"project": "p", "metro": "sv", "vxlan": 1100, "tags": ["x"], "description": "storage"},
    ),
    Case(
        "vlan by description",
        over(Vlan, {"project": "p", "description": "storage"}),
        wanted={"project": "p", "facility": "sv15", "description": "storage"},
        changed={"project": "p", "description": "storage", "tags": ["x"]},
    ),
    Case(
        "port: a bond that carries VLANs",
        restored(Port, {**BOND, **PLAIN, "layer": 3}, with_vlans),
        wanted={**BOND, "vlans": ["1101", "storage"], "native_vlan": "storage"},
        changed={**BOND, "vlans": ["1102"], "purge": True},
    ),
    Case(
        "port: a bond of layer 2",
        restored(Port, {**BOND, **PLAIN, "layer": 3}, with_vlans),
        wanted={**BOND, "layer": 2, "vlans": ["1100", "1101"], "native_vlan": "1100"},
        changed={**BOND, "layer": 3, "native_vlan": "1101"},
    ),
    Case(
        "port: a bond that is broken",
        restored(Port, {**BOND, **PLAIN, "layer": 3}, with_vlans),
        wanted={**BOND, "layer": 2, "bonded": False},
        changed={**BOND, "bonded": True, "vlans": ["1100"]},
    ),
    Case(
        "port: an interface of its own",
        restored(Port, {**INTERFACE, **PLAIN}, with_vlans),
        wanted={**INTERFACE, "bonded": False, "vlans": ["backup"]},
        changed={**INTERFACE, "vlans": ["storage"], "native_vlan": "backup"},
    ),
    Case(
        "bgp_config",
        restored(BgpConfig, {"project": "p", "asn": 65000, "deployment_type": "local", "md5": ""}, with_bgp),
        wanted={"project": "p", "asn": 65010, "md5": "a-great-secret"},
        changed={"project": "p", "deployment_type": "global", "md5": "another-secret"},
    ),
    Case(
        "bgp_session",
        over(BgpSession, {"project": "p", "device": "a"}, with_bgp),
        wanted={"project": "p", "device": "a"},
        changed={"project": "p", "device": "a", "default_route": True},
    ),
    Case(
        "organization",
        personal(Organization, {"name": "new"}),
        wanted={"name": "new", "address": {"city": "Sunnyvale"}},
        changed={"name": "new", "description": "d", "address": {"country": "US"}, "custom_data": {"a": 1}},
    ),
    Case(
        "api_key of the user",
        personal(ApiKey, {"description": "new"}),
        wanted={"description": "new", "read_only": True},
        changed=None,
        refused={"description": "new", "read_only": False},
        replaces=True,
    ),
    Case(
        "api_key of a project",
        over(ApiKey, {"project": "p", "description": "new"}),
        wanted={"project": "p", "description": "new"},
        changed=None,
        refused={"project": "p", "description": "new", "read_only": True},
        replaces=True,
    ),
]
