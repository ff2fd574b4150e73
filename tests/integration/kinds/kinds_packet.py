# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kinds of the Packet API, over packetd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device import Devices
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ip_assignment import IpAssignment
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ip_reservation import IpReservation
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.project import Project
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.ssh_key import SshKey
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.paging import everything
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.wait import Waiting
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import reconcile, reconcile_all
from kinds import Case, Outcome, World
from packet_options import KEY, OTHER_KEY, Instant, options
from packetd_api import packetd

FORMER = "of a test before"
TOKEN = "the-token-of-a-test"


class PacketWorld:
    """A project `p` of packetd."""

    makes = True
    """Whether the object is made, not only changed."""

    def __init__(self, kind: type[Any]) -> None:
        self.api = packetd()
        self.project = self.api.add("projects", name="p")
        # What cases cannot know beforehand, by the word between < and > that stands for it there.
        self.known: dict[str, str] = {}
        self.kind = kind

    def settle(self, wanted: Any, *, dry_run: bool) -> Outcome:
        given = {"api_url": "http://api", "api_token": TOKEN, **(wanted or self._absent)}
        if wanted:
            self._absent = {**wanted, "state": "absent"}
        known = {
            name: self.known.get(value.strip("<>"), value) if isinstance(value, str) else value
            for name, value in given.items()
        }
        params = options(self.kind.options, **known)
        if self.kind is Devices:
            devices = Devices(self.api, params, Waiting(clock=Instant(self.api.go_on)))
            return reconcile_all(devices, devices.wanted(), dry_run=dry_run)
        thing = self.kind(self.api, params)
        return reconcile(thing, thing.wanted() if wanted else None, dry_run=dry_run)

    def state(self) -> Any:
        return self.api.digest(), self.api.written()

    def leave(self) -> None:
        """The user is left with no key, no device and with no project of a name that tests use."""
        self.api.forget_devices(self.project["id"])
        for project in everything(self.api, "projects", "projects"):
            if project["name"] != FORMER:
                self.api.call_api(f"projects/{project['id']}", "PATCH", {"name": FORMER})
        for key in self.api.call_api("ssh-keys")["ssh_keys"]:
            self.api.call_api(f"ssh-keys/{key['id']}", "DELETE")


def over(
    kind: type[Any], absent: dict[str, Any], prepare: Callable[[PacketWorld], None] = lambda world: None
) -> Callable[[Path], Any]:
    """A World for a kind; `absent` are the options with which it is removed."""

    @contextmanager
    def make(_folder: Path) -> Iterator[World]:
        world = PacketWorld(kind)
        world._absent = {**absent, "state": "absent"}
        try:
            prepare(world)
            yield world
        finally:
            world.leave()

    return make


def with_devices(world: PacketWorld) -> None:
    for hostname in ("a", "b"):
        order = {"plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}
        world.api.add(f"projects/{world.project['id']}/devices", hostname=hostname, **order)


def with_address(world: PacketWorld) -> None:
    with_devices(world)
    order = {"type": "public_ipv4", "quantity": 1, "tags": ["endpoint"], "metro": "sv"}
    world.known["address"] = world.api.add(f"projects/{world.project['id']}/ips", **order)["address"]


DEVICE = {"plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv", "project": "p"}
PAIR = {
    **DEVICE,
    "devices": [{"hostname": "n0", "tags": ["role=worker"]}, {"hostname": "n1", "user_data": "#!/bin/sh"}],
}

CASES = [
    Case(
        "project",
        over(Project, {"name": "new"}),
        wanted={"name": "new"},
        changed={"name": "new", "custom_data": {"a": 1}},
    ),
    Case(
        "ssh_key of a project",
        over(SshKey, {"label": "me", "project": "p"}),
        wanted={"label": "me", "key": KEY, "project": "p"},
        changed={"label": "me", "key": OTHER_KEY, "project": "p"},
    ),
    Case(
        "ssh_key of the user",
        over(SshKey, {"label": "me"}),
        wanted={"label": "me", "key": f"{KEY} with a comment"},
        changed={"label": "myself", "key": KEY},
    ),
    Case(
        "ip_reservation",
        over(IpReservation, {"project": "p", "tags": ["endpoint"]}),
        wanted={"project": "p", "metro": "sv", "tags": ["endpoint"]},
        changed={"project": "p", "metro": "sv", "tags": ["endpoint"], "details": "the endpoint"},
        refused={"project": "p", "metro": "sv", "tags": ["endpoint"], "quantity": 4},
        replaces=True,
    ),
    Case(
        "ip_assignment",
        over(IpAssignment, {"project": "p", "address": "<address>"}, with_address),
        wanted={"project": "p", "address": "<address>", "device": "a"},
        changed={"project": "p", "address": "<address>", "device": "b"},
    ),
    Case(
        "devices",
        over(Devices, PAIR),
        wanted=PAIR,
        changed={**PAIR, "tags": ["cluster=blue"], "description": "a machine"},
        refused={**PAIR, "plan": "m3.large.x86"},
        replaces=True,
    ),
    Case(
        "devices with purge",
        over(Devices, {"project": "p", "identity_tags": ["cluster=blue"], "purge": True}),
        wanted={**PAIR, "identity_tags": ["cluster=blue"], "purge": True},
        changed={**PAIR, "identity_tags": ["cluster=blue"], "purge": True, "devices": PAIR["devices"][:1]},
        refused={**PAIR, "identity_tags": ["cluster=blue"], "purge": True, "metro": "da"},
        replaces=True,
    ),
]
