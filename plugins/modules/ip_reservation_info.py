#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_reservation_info
short_description: Show reservations of elastic IP addresses of the Packet API
version_added: 0.1.0
description:
  - Shows the addresses that a project has reserved, and which devices have them. The blocks from which
    devices have their own addresses are not among them.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  addresses:
    description:
      - Only these reservations, each by its id or its address, the first of several.
    type: list
    elements: str
  type:
    description:
      - Only addresses of this kind.
    type: str
    choices: [public_ipv4, global_ipv4]
  tags:
    description:
      - Only reservations that have all these tags.
    type: list
    elements: str
  metro:
    description:
      - Only addresses that can be used in the metro of this code. A C(global_ipv4) is of no metro.
    type: str
  facility:
    description:
      - Only addresses that are of the facility of this code.
    type: str
  available:
    description:
      - Also show what is free of each reservation, as subnets with this length of prefix, 24 to 32; V(32) is
        for single addresses. It takes one more request for each.
    type: int
seealso:
  - module: packet.kubernetes.ip_reservation
  - module: packet.kubernetes.ip_assignment_info
"""

EXAMPLES = r"""
- name: Look for the endpoint of a cluster
  packet.kubernetes.ip_reservation_info:
    project: kubernetes
    tags:
      - cluster-api-provider-packet:cluster-id:kubernetes
  register: result

- name: Look for two neighbouring addresses that are free
  packet.kubernetes.ip_reservation_info:
    project: kubernetes
    tags:
      - web
    available: 31
  register: web

- name: Show them
  ansible.builtin.debug:
    msg: "{{ web.ip_reservations | map(attribute='available') | flatten | first }}"

- name: Show the address of the endpoint
  ansible.builtin.debug:
    msg: "{{ result.ip_reservations | map(attribute='address') | first }}"
"""

RETURN = r"""
ip_reservations:
  description: The reservations, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 3a3d1b2c-11f3-4f3c-9d8c-60f7d5e1f0a2
    address:
      description: The address, or the first of several.
      type: str
      sample: 198.51.100.130
    network:
      description: The network of the addresses.
      type: str
      sample: 198.51.100.130
    cidr:
      description: Length of the network's prefix.
      type: int
      sample: 32
    type:
      description: Kind of the addresses.
      type: str
      sample: public_ipv4
    quantity:
      description: How many addresses.
      type: int
      sample: 1
    metro:
      description: Code of the metro.
      type: str
      sample: sv
    facility:
      description: Code of the facility.
      type: str
    tags:
      description: All its tags.
      type: list
      elements: str
    details:
      description: What it is for.
      type: str
    custom_data:
      description: The data kept with it.
      type: dict
    state:
      description: V(created), or V(pending) while somebody has to approve it.
      type: str
      sample: created
    assigned_to:
      description: Ids of the devices that have one of the addresses.
      type: list
      elements: str
    available:
      description: The subnets of the length O(available) that are free.
      returned: with O(available)
      type: list
      elements: str
      sample: [198.51.100.132/31]
"""

from ..module_utils._kinds.ip_reservation import IP_RESERVATIONS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(IP_RESERVATIONS)


if __name__ == "__main__":
    main()
