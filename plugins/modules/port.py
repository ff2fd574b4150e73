#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: port
short_description: Bring network ports of devices of the Packet API to a wanted state
version_added: 0.1.0
description:
  - Takes an interface into the bond or out of it, converts the bond to layer 2 or 3, and assigns VLANs, in
    the order that the API needs.
  - What is not given stays as it is, except that O(layer=3) needs a bond, so that a broken one is formed
    again.
  - A bond with VLANs that becomes layer 3 loses them for a moment and is given them back.
notes:
  - A device has no addresses while its bond is of layer 2. Elastic addresses that it has go back to their
    reservations; M(packet.kubernetes.ip_assignment) brings them again.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  device:
    description:
      - Hostname or id of the device. It is an error if several devices of the project have the hostname.
      - Exactly one of O(device) and O(id) is needed. In check mode the device need not exist yet.
    type: str
  name:
    description:
      - Name of the port, V(bond0) or V(eth1) for example. Needed with O(device).
    type: str
  id:
    description:
      - Id of the port, instead of O(device) and O(name).
    type: str
  bonded:
    description:
      - Whether the interface shall be in the bond. It cannot carry VLANs of its own then.
      - For a bond, whether it shall have any interfaces. V(true) leaves one that has some as it is; V(false)
        breaks it, which needs layer 2.
    type: bool
  layer:
    description:
      - Whether the bond shall carry addresses (V(3)) or VLANs only (V(2)). Bonds alone have this.
    type: int
    choices: [2, 3]
  vlans:
    description:
      - VLANs that the port shall carry, by number, id or description. They must be where the device is, and
        on no other port of it.
    type: list
    elements: str
  purge:
    description:
      - Whether to take all other VLANs off the port than those in O(vlans), which is needed then.
    type: bool
    default: false
  native_vlan:
    description:
      - The VLAN that shall be untagged on the port, by number, id or description. It must be one of those
        that the port carries.
      - An empty string stands for none.
    type: str
seealso:
  - module: packet.kubernetes.vlan
  - module: packet.kubernetes.port_info
"""

EXAMPLES = r"""
- name: Have a network for storage besides the addresses
  packet.kubernetes.port:
    project: kubernetes
    device: kubernetes-worker-0
    name: bond0
    vlans: [storage]

- name: Have an interface of its own for two VLANs and nothing else
  packet.kubernetes.port:
    project: kubernetes
    device: kubernetes-worker-0
    name: eth1
    bonded: false
    vlans: [1101, 1102]
    native_vlan: 1101
    purge: true

- name: Put it back into the bond
  packet.kubernetes.port:
    project: kubernetes
    device: kubernetes-worker-0
    name: eth1
    bonded: true
    vlans: []
    purge: true

- name: Have VLANs only
  packet.kubernetes.port:
    project: kubernetes
    device: kubernetes-worker-1
    name: bond0
    layer: 2
    vlans: [storage]
"""

RETURN = r"""
port:
  description:
    - The port; only what was asked for in check mode if its device does not exist yet.
  returned: success
  type: dict
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

from ..module_utils._kinds.port import Port
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(Port, always="present")


if __name__ == "__main__":
    main()
