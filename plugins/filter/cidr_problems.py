# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether address ranges are well formed and apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: cidr_problems
short_description: What is wrong with address ranges that must not overlap
version_added: 0.1.0
description:
  - Gives a sentence for each range that is malformed, and for each two that overlap. IPv4 and IPv6 may be
    mixed.
  - The settings of a cluster have more rules; see P(packet.kubernetes.settings_problems#filter).
options:
  _input:
    description: The ranges in CIDR notation, by the names that sentences shall call them.
    type: dict
    required: true
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Refuse ranges that are not apart
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('; ') }}"
  vars:
    problems: "{{ {'pods': '172.26.0.0/16', 'office': '172.16.0.0/12'} | packet.kubernetes.cidr_problems }}"
"""

RETURN = r"""
_value:
  description: A sentence for each problem; empty if there is none.
  type: list
  elements: str
  sample: ["office is 172.16.0.0/12 and overlaps pods 172.26.0.0/16; allowed are ranges apart"]
"""

Range = IPv4Network | IPv6Network


def cidr_problems(ranges: object) -> list[str]:
    """The filter itself."""
    if not isinstance(ranges, Mapping):
        raise AnsibleFilterError(f"cidr_problems needs a dictionary, not {type(ranges).__name__}")
    found: dict[str, Range] = {}
    problems = []
    for name, text in ranges.items():
        try:
            # A number would be taken for an address.
            found[name] = ip_network(str(text))
        except ValueError as error:
            problems.append(f"{name} is {text!r}, which is no range: {error}; allowed are such as 10.0.0.0/8")
    for (name, network), (other_name, other) in combinations(sorted(found.items()), 2):
        if network.version == other.version and network.overlaps(other):
            problems.append(
                f"{name} is {network} and overlaps {other_name} {other}; allowed are ranges apart"
            )
    return problems


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"cidr_problems": cidr_problems}
