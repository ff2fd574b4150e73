#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capacity_info
short_description: Show what machines are left by the Packet API
version_added: 0.1.0
description:
  - Shows how many machines of each plan are left in each metro or facility, in the words of the API, which
    tells no numbers.
  - With O(servers) it asks whether these machines can be had now. Nothing is ordered or kept by that.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  plan:
    description:
      - Only the plan of this slug.
    type: str
  metro:
    description:
      - Only the metro of this code. Excludes O(facility).
    type: str
  facility:
    description:
      - Only the facility of this code. Tells facilities apart, as O(by_facility) does.
    type: str
  by_facility:
    description:
      - Whether to tell the facilities of a metro apart.
    type: bool
    default: false
  servers:
    description:
      - Machines of which to ask whether they can be had. Each is asked for by itself, so two of one plan in
        one place do not add up.
      - Excludes O(plan), O(metro) and O(facility).
    type: list
    elements: dict
    suboptions:
      plan:
        description:
          - Slug of the plan.
        type: str
        required: true
      metro:
        description:
          - Code of the metro. Exactly one of this and O(servers[].facility) is needed.
        type: str
      facility:
        description:
          - Code of the facility.
        type: str
      quantity:
        description:
          - How many machines.
        type: int
        default: 1
seealso:
  - module: packet.kubernetes.plan_info
  - module: packet.kubernetes.spot_price_info
"""

EXAMPLES = r"""
- name: See what is left in a metro
  packet.kubernetes.capacity_info:
    metro: sv
  register: result

- name: Show the plans of which there is something
  ansible.builtin.debug:
    msg: "{{ result.capacity | rejectattr('level', 'equalto', 'unavailable') | map(attribute='plan') }}"

- name: Ask whether the machines of a cluster can be had
  packet.kubernetes.capacity_info:
    servers:
      - plan: c3.small.x86
        metro: sv
        quantity: 3
      - plan: m3.large.x86
        metro: sv
        quantity: 10
  register: result

- name: Go on only if all of them can
  ansible.builtin.assert:
    that: result.capacity | map(attribute='available') is all
"""

RETURN = r"""
capacity:
  description:
    - How much is left, by place and plan; with O(servers) whether it is enough, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    metro:
      description: Code of the metro; with O(servers) null where a facility was given.
      type: str
      sample: sv
    facility:
      description: Code of the facility, null where metros are told apart.
      type: str
      sample: sv15
    plan:
      description: Slug of the plan.
      type: str
      sample: c3.small.x86
    level:
      description: V(unavailable), V(critical), V(limited) or V(normal).
      returned: without O(servers)
      type: str
      sample: normal
    quantity:
      description: How many machines were asked for.
      returned: with O(servers)
      type: int
      sample: 3
    available:
      description: Whether so many can be had.
      returned: with O(servers)
      type: bool
      sample: true
"""

from ..module_utils._kinds.market import CAPACITY
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(CAPACITY)


if __name__ == "__main__":
    main()
