# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How devices become hosts: which are wanted, and their variables, names and groups. Cheap to import.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from ansible.inventory.group import to_safe_group_name

from ..module_utils._kinds.device_attributes import tag_value
from ..module_utils._reconcile import Attributes

ROLE_GROUPS = {"control-plane": "kube_control_plane", "worker": "kube_node"}
"""The groups that roles work on, by the tag `role`; they exist even when they are empty."""

OF_DEVICE = (
    "id",
    "hostname",
    "state",
    "plan",
    "metro",
    "facility",
    "operating_system",
    "tags",
    "public_ipv4",
    "private_ipv4",
    "public_ipv6",
)
OF_TAGS = ("cluster", "role", "pool")

ENDPOINT_TAG = "cluster-api-provider-packet:cluster-id:"
"""How the reservation for a cluster's endpoint is tagged, before the cluster's name (CAPP v0.9.0)."""

FILTERS = {
    "facilities": "packet_facility",
    "metros": "packet_metro",
    "states": "packet_state",
    "roles": "packet_role",
    "clusters": "packet_cluster",
}
"""The variable whose values an option lists."""

GROUPS = {
    "pool": "packet_pool",
    "cluster": "packet_cluster",
    "metro": "packet_metro",
    "state": "packet_state",
}
"""The variable after which a group is called, by the beginning of the group's name."""

_UNFIT = re.compile(r"[^A-Za-z0-9._-]|^[.-]")
"""What a host's name may mean elsewhere: a path of host_vars, a pattern, an option of a command."""

Variables = dict[str, Any]


def endpoints(reservations: Iterable[Attributes]) -> dict[str | None, Attributes]:
    """The elastic IP of each cluster's control planes, by the cluster's name."""
    return {
        tag.removeprefix(ENDPOINT_TAG): reservation
        for reservation in reservations
        for tag in reservation["tags"]
        if tag.startswith(ENDPOINT_TAG)
    }


def host_variables(device: Attributes, project: str, reserved: Mapping[str | None, Attributes]) -> Variables:
    """What is told of a device, plain values that no option has a say in."""
    shown = {f"packet_{name}": device[name] for name in OF_DEVICE}
    tagged = {f"packet_{name}": tag_value(device["tags"], name) for name in OF_TAGS}
    variables = {**shown, **tagged, "packet_project": project}
    if endpoint := reserved.get(tagged["packet_cluster"]):
        variables["packet_endpoint"] = endpoint["address"]
        variables["packet_holds_endpoint"] = device["id"] in endpoint["assigned_to"]
    return variables


def reached_at(variables: Variables, preferred: Sequence[str]) -> Variables:
    """The variable for the first of these addresses that the device has, nothing where it has none.

    What is no address is left out: it ends on the command line of ssh, which may take it for an option.
    """
    addresses = (variables[f"packet_{name}"] for name in preferred)
    return next(({"ansible_host": address} for address in addresses if address and _is_address(address)), {})


def is_wanted(variables: Variables, filters: Mapping[str, Collection[str]]) -> bool:
    """Whether a device has one of the values of each filter that says something, and all of the tags."""
    return set(filters["tags"]) <= set(variables["packet_tags"]) and all(
        variables[variable] in filters[option] for option, variable in FILTERS.items() if filters[option]
    )


def safe_name(name: str) -> str:
    """A name for a host that means nothing but the host, wherever Ansible uses it."""
    return _UNFIT.sub("_", name)


def unique_names(names: Iterable[tuple[str, str]], reserved: Collection[str]) -> Iterator[str]:
    """A name that no other has for each name with its device's id; the first of equals keeps its own."""
    taken = set(reserved)
    for name, id_ in names:
        candidates = (name, f"{name}-{id_[:8]}", f"{name}-{id_}")
        unique = next((candidate for candidate in candidates if candidate not in taken), id_)
        taken |= {name, unique}
        yield unique


def group_names(variables: Variables) -> Iterator[str]:
    """The groups that a host is in."""
    if role_group := ROLE_GROUPS.get(variables["packet_role"]):
        yield role_group
    values = {kind: variables[variable] for kind, variable in GROUPS.items()}
    names = [f"{kind}_{value}" for kind, value in values.items() if value]
    for name in [*names, *(f"tag_{tag}" for tag in variables["packet_tags"])]:
        yield to_safe_group_name(name, force=True, silent=True)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
