#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: port_info
short_description: List network ports of devices of the Packet API
version_added: 0.1.0
description:
  - Lists the network ports of a device, or of all devices of a project.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  device:
    description:
      - Hostname or id of the device. If not set, the ports of all devices of the project are listed.
    type: str
seealso:
  - module: packet.kubernetes.port
"""

EXAMPLES = r"""
- name: Look at the ports of a device
  packet.kubernetes.port_info:
    project: kubernetes
    device: kubernetes-worker-0
  register: result

- name: Show which VLANs its bond carries
  ansible.builtin.debug:
    msg: "{{ result.ports | selectattr('type', 'eq', 'bond') | map(attribute='vlans') | flatten }}"
"""

RETURN = r"""
ports:
  description:
    - The ports, as M(packet.kubernetes.port) shows one.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3642e
    name:
      description: Its name.
      type: str
      sample: bond0
    type:
      description: V(bond) or V(interface).
      type: str
      sample: bond
    device_id:
      description: Id of its device.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
    device:
      description: Hostname of its device.
      type: str
      sample: kubernetes-worker-0
    mac:
      description: Its hardware address.
      type: str
      sample: "02:3f:1c:88:5a:e0"
    bonded:
      description: Whether the interface is in the bond, or the bond has any.
      type: bool
      sample: true
    layer:
      description: V(3) if it has addresses, V(2) if it has VLANs only.
      type: int
      sample: 3
    network_type:
      description: What the API calls its kind of network.
      type: str
      sample: hybrid-bonded
    vlans:
      description: Numbers of the VLANs that it carries.
      type: list
      elements: int
      sample: [1100, 1101]
    native_vlan:
      description: Number of the VLAN that is untagged on it, null if none is.
      type: int
      sample: 1100
"""

from ..module_utils._kinds.port import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
