#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plan_info
short_description: Show plans of the Packet API
version_added: 0.1.0
description:
  - Shows the plans that the API offers, which are the kinds of machines, and where each can be had.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  slugs:
    description:
      - Only plans with one of these slugs. One that does not exist is no error; it is not shown.
    type: list
    elements: str
  categories:
    description:
      - Only plans of one of these categories, such as V(compute).
    type: list
    elements: str
  deployment_type:
    description:
      - Only plans that can be had in this way.
    type: str
    choices: [on_demand, spot_market]
  metro:
    description:
      - Only plans that can be had in the metro of this code.
    type: str
  facility:
    description:
      - Only plans that can be had in the facility of this code.
    type: str
seealso:
  - module: packet.kubernetes.capacity_info
  - module: packet.kubernetes.operating_system_info
  - module: packet.kubernetes.spot_price_info
"""

EXAMPLES = r"""
- name: List what can be had in a metro
  packet.kubernetes.plan_info:
    metro: sv
    deployment_type: on_demand
  register: result

- name: Show the cheapest
  ansible.builtin.debug:
    msg: "{{ (result.plans | sort(attribute='hourly_price') | first).slug }}"
"""

RETURN = r"""
plans:
  description: The plans.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: e69c0169-4726-46ea-98f1-939c9e8a3607
    slug:
      description: By what it is ordered.
      type: str
      sample: c3.small.x86
    name:
      description: Its name.
      type: str
      sample: c3.small.x86
    description:
      description: What it is, in words.
      type: str
      sample: c3.small.x86 plan
    line:
      description: V(baremetal) for machines, V(storage) for volumes.
      type: str
      sample: baremetal
    class:
      description: Its class; several plans may have the same.
      type: str
      sample: c3.small.x86
    categories:
      description: Its categories.
      type: list
      elements: str
      sample: [compute]
    deployment_types:
      description: In which ways it can be had.
      type: list
      elements: str
      sample: [on_demand, spot_market]
    metros:
      description: Codes of the metros in which it can be had.
      type: list
      elements: str
      sample: [da, sv]
    facilities:
      description: Codes of the facilities in which it can be had.
      type: list
      elements: str
      sample: [da11, sv15]
    hourly_price:
      description: Its price in dollars an hour, null where the API tells none.
      type: float
      sample: 0.5
    memory:
      description: Its memory, null for a plan of volumes.
      type: str
      sample: 32GB
    cpus:
      description: Its processors by type.
      type: list
      elements: dict
      sample: [{count: 1, type: Intel Xeon E-2278G}]
    drives:
      description: Its disks by type and size.
      type: list
      elements: dict
      sample: [{count: 2, size: 480GB, type: SSD}]
    nics:
      description: Its network interfaces by type.
      type: list
      elements: dict
      sample: [{count: 2, type: 10Gbps}]
"""

from ..module_utils._kinds.catalogue import PLANS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(PLANS)


if __name__ == "__main__":
    main()
