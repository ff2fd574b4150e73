#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_reservation
short_description: Manage reservations of elastic IP addresses of the Packet API
version_added: 0.1.0
description:
  - Reserves addresses for a project and gives them back. M(packet.kubernetes.ip_assignment) brings them to
    devices.
  - A reservation has no name. It is known by O(tags), O(type) and, where given, O(metro) or O(facility).
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  tags:
    description:
      - Tags that the reservation has, by which it is found. It may have others besides.
      - It is an error if more than one reservation has them all.
    type: list
    elements: str
    required: true
  type:
    description:
      - Kind of the addresses. A V(global_ipv4) is of no metro.
    type: str
    choices: [public_ipv4, global_ipv4]
    default: public_ipv4
  quantity:
    description:
      - How many addresses. It cannot be changed later, unless O(replace=true).
    type: int
    choices: [1, 2, 4, 8, 16, 32, 64, 128, 256]
    default: 1
  metro:
    description:
      - Code of the metro in which the addresses can be used.
      - This or O(facility) is required with O(state=present) and O(type=public_ipv4).
    type: str
  facility:
    description:
      - Code of the facility in which the addresses can be used. Excludes O(metro).
    type: str
  details:
    description:
      - What the addresses are for.
    type: str
  custom_data:
    description:
      - Data of your own to be kept with the reservation. What is there is replaced as a whole.
    type: dict
  replace:
    description:
      - Whether the addresses are given back and others reserved where O(quantity) differs. Without, that is
        an error.
      - Addresses of which a device has one are refused; M(packet.kubernetes.ip_assignment) takes it away.
    type: bool
    default: false
  state:
    description:
      - Whether the addresses shall be reserved. The API may refuse to take them back while one is assigned.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Have an address for the control plane
  packet.kubernetes.ip_reservation:
    project: kubernetes
    metro: sv
    tags:
      - cluster-api-provider-packet:cluster-id:kubernetes
  register: endpoint

- name: Show it
  ansible.builtin.debug:
    msg: "{{ endpoint.ip_reservation.address }}"
"""

RETURN = r"""
ip_reservation:
  description:
    - The reservation; only what was asked for in check mode if it does not exist yet, null once it is given
      back.
  returned: success
  type: dict
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
"""

from ..module_utils._kinds.ip_reservation import IpReservation
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(IpReservation)


if __name__ == "__main__":
    main()
