#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vlan_info
short_description: List virtual networks of the Packet API
version_added: 0.1.0
description:
  - Lists all virtual networks (VLANs) of a project, and which devices are in them.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
seealso:
  - module: packet.kubernetes.vlan
"""

EXAMPLES = r"""
- name: Look at the VLANs of a project
  packet.kubernetes.vlan_info:
    project: kubernetes
  register: result

- name: Show those that no device is in
  ansible.builtin.debug:
    msg: "{{ result.vlans | rejectattr('device_ids') | map(attribute='vxlan') }}"
"""

RETURN = r"""
vlans:
  description:
    - The VLANs, as M(packet.kubernetes.vlan) shows one.
  returned: success
  type: list
  elements: dict
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

from ..module_utils._kinds.vlan import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
