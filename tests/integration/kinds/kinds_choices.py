# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds with what is chosen for them when they are made, over packetd."""

from __future__ import annotations

from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device import Devices
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.project import Project
from kinds import Case
from kinds_packet import DEVICE, PacketWorld, over

METHOD = "Nothing is charged"
"""What everything at packetd is paid by."""


def with_organization(world: PacketWorld) -> None:
    organizations = world.api.call_api("organizations")["organizations"]
    world.known["organization"] = organizations[0]["name"]
    others = [item["id"] for item in organizations if item["name"] == "Of a case"]
    world.known["other"] = (others or [world.api.add("organizations", name="Of a case")["id"]])[0]


CHOSEN: dict[str, Any] = {
    **DEVICE,
    "devices": [
        {"hostname": "plain"},
        {"hostname": "inside", "ip_addresses": [{"public": False}], "no_ssh_keys": True},
    ],
    "features": {"tpm": "required"},
    "termination_time": "2099-01-01T00:00:00Z",
}

CASES = [
    Case(
        "project of an organization",
        over(Project, {"name": "new"}, with_organization),
        wanted={"name": "new", "organization": "<organization>", "payment_method": METHOD},
        changed={"name": "new", "organization": "<organization>", "backend_transfer_enabled": True},
        refused={"name": "new", "organization": "<other>"},
    ),
    Case(
        "devices with choices",
        over(Devices, CHOSEN),
        wanted=CHOSEN,
        changed={**CHOSEN, "termination_time": "", "network_frozen": True, "no_ssh_keys": True},
        refused={**CHOSEN, "features": {"tpm": "preferred"}},
    ),
]
