#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bgp_session_info
short_description: List BGP sessions of devices of the Packet API
version_added: 0.1.0
description:
  - Lists the BGP sessions of a device, or of all devices of a project.
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
      - Hostname or id of the device. If not set, the sessions of all devices of the project are listed.
    type: str
seealso:
  - module: packet.kubernetes.bgp_session
"""

EXAMPLES = r"""
- name: Look at the sessions of a project
  packet.kubernetes.bgp_session_info:
    project: kubernetes
  register: result

- name: Show which devices do not peer
  ansible.builtin.debug:
    msg: "{{ result.bgp_sessions | rejectattr('status', 'eq', 'up') | map(attribute='device_id') }}"
"""

RETURN = r"""
bgp_sessions:
  description:
    - The sessions, as M(packet.kubernetes.bgp_session) shows one.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d
    device_id:
      description: Id of the device.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
    address_family:
      description: Which addresses it is about, V(ipv4) or V(ipv6).
      type: str
      sample: ipv4
    default_route:
      description: Whether the device is told a default route.
      type: bool
      sample: false
    status:
      description: V(up), V(down), or V(unknown).
      type: str
      sample: up
    learned_routes:
      description: The routes that the device announces.
      type: list
      elements: str
      sample: [198.51.100.130/32]
"""

from ..module_utils._kinds.bgp_session import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
