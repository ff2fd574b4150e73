#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_assignment
short_description: Assign elastic IP addresses of the Packet API to devices
version_added: 0.1.0
description:
  - Brings an address of a reservation to a device, moves it from one device to another, or takes it away.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  address:
    description:
      - The address, or a network as V(198.51.100.128/30), out of a reservation of the project.
    type: str
    required: true
  device:
    description:
      - Hostname or id of the device. It is an error if several devices of the project have the hostname.
      - Required with O(state=present). With O(state=absent) an assignment to any other device is left alone.
    type: str
  state:
    description:
      - Whether the address shall be assigned.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: packet.kubernetes.ip_reservation
"""

EXAMPLES = r"""
- name: Route the endpoint to the first control plane
  packet.kubernetes.ip_assignment:
    project: kubernetes
    address: 198.51.100.130
    device: kubernetes-control-plane-0
"""

RETURN = r"""
ip_assignment:
  description: The assignment; without C(id) in check mode if it does not exist yet, null once it is removed.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 7a0d8e6a-6bbb-4d2e-bb52-5e60b6c1e2d9
    address:
      description: The address with the length of its prefix.
      type: str
      sample: 198.51.100.130/32
    device_id:
      description: Id of the device that has it; in check mode its hostname if the device does not exist yet.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
"""

from ..module_utils._kinds.ip_assignment import IpAssignment
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(IpAssignment)


if __name__ == "__main__":
    main()
