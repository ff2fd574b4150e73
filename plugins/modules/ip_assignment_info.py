#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_assignment_info
short_description: Show which devices have elastic IP addresses of the Packet API
version_added: 0.1.0
description:
  - Shows the addresses of a project's reservations that are assigned, each with its device.
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
      - Only what is assigned to the device of this hostname or id. It is an error if there is none, or if
        several devices of the project have the hostname.
    type: str
seealso:
  - module: packet.kubernetes.ip_assignment
  - module: packet.kubernetes.ip_reservation_info
"""

EXAMPLES = r"""
- name: List the elastic addresses of a device
  packet.kubernetes.ip_assignment_info:
    project: kubernetes
    device: kubernetes-control-plane-0
  register: result

- name: Show them
  ansible.builtin.debug:
    msg: "{{ result.ip_assignments | map(attribute='address') }}"
"""

RETURN = r"""
ip_assignments:
  description: The assignments.
  returned: success
  type: list
  elements: dict
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
      description: Id of the device that has it.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
"""

from ..module_utils._kinds.ip_assignment import IP_ASSIGNMENTS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(IP_ASSIGNMENTS)


if __name__ == "__main__":
    main()
