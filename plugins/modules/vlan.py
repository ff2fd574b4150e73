#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vlan
short_description: Manage virtual networks of the Packet API
version_added: 0.1.0
description:
  - Creates, changes and removes virtual networks (VLANs) of a project. M(packet.kubernetes.port) brings
    devices into them.
  - A VLAN is known by O(id), else by O(vxlan), else by O(description); by the last two together with
    O(metro) or O(facility) where given. It is an error if several are meant.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  id:
    description:
      - Id of a VLAN that exists.
      - At least one of O(id), O(vxlan) and O(description) is needed.
    type: str
  vxlan:
    description:
      - Number of the VLAN, V(2) to V(3999). It cannot be changed later.
      - If not set, a VLAN that is made gets a number from V(1000) to V(1999).
    type: int
  description:
    description:
      - What the VLAN is for. By this it is known if neither O(id) nor O(vxlan) is given.
    type: str
  metro:
    description:
      - Code of the metro in which the VLAN is. It cannot be changed later.
      - This or O(facility) is needed to make one.
    type: str
  facility:
    description:
      - Code of the one facility in which the VLAN is. It cannot be changed later. Excludes O(metro).
    type: str
  tags:
    description:
      - All tags of the VLAN. Their order does not count.
    type: list
    elements: str
  state:
    description:
      - Whether the VLAN shall exist. The API refuses to remove one while a port or a gateway is in it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: packet.kubernetes.port
  - module: packet.kubernetes.vlan_info
"""

EXAMPLES = r"""
- name: Have a network for storage
  packet.kubernetes.vlan:
    project: kubernetes
    metro: sv
    vxlan: 1100
    description: storage

- name: Have one of any number
  packet.kubernetes.vlan:
    project: kubernetes
    metro: sv
    description: backup
  register: result

- name: Remove it
  packet.kubernetes.vlan:
    project: kubernetes
    id: "{{ result.vlan.id }}"
    state: absent
"""

RETURN = r"""
vlan:
  description:
    - The VLAN; only what was asked for in check mode if it does not exist yet, null once it is removed.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 1e2d3c4b-5a69-4788-9a0b-c1d2e3f4a5b6
    vxlan:
      description: Its number.
      type: int
      sample: 1100
    description:
      description: What it is for.
      type: str
      sample: storage
    metro:
      description: Code of the metro, null if it is in a facility.
      type: str
      sample: sv
    facility:
      description: Code of the facility, null if it is in a metro.
      type: str
    tags:
      description: Its tags.
      type: list
      elements: str
    device_ids:
      description: Ids of the devices that have a port in it.
      type: list
      elements: str
"""

from ..module_utils._kinds.vlan import Vlan
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(Vlan)


if __name__ == "__main__":
    main()
