#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bgp_session
short_description: Manage BGP sessions of devices of the Packet API
version_added: 0.1.0
description:
  - Has a device peer by BGP with the network that it is on, or ends that. The project needs a configuration
    of M(packet.kubernetes.bgp_config) first.
  - A device has one session for each family of addresses.
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
      - In check mode it need not exist yet.
    type: str
    required: true
  address_family:
    description:
      - Which addresses the session is about.
    type: str
    choices: [ipv4, ipv6]
    default: ipv4
  default_route:
    description:
      - Whether the device is told a default route. If not set, it stays as it is, and is not at first.
    type: bool
  state:
    description:
      - Whether the session shall exist.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: packet.kubernetes.bgp_config
  - module: packet.kubernetes.bgp_session_info
"""

EXAMPLES = r"""
- name: Have all workers peer
  packet.kubernetes.bgp_session:
    project: kubernetes
    device: "{{ item }}"
  loop: "{{ groups['kube_node'] }}"

- name: End a session
  packet.kubernetes.bgp_session:
    project: kubernetes
    device: kubernetes-worker-0
    address_family: ipv6
    state: absent
"""

RETURN = r"""
bgp_session:
  description:
    - The session; only what was asked for in check mode if it does not exist yet, null once it is ended.
  returned: success
  type: dict
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

from ..module_utils._kinds.bgp_session import BgpSession
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(BgpSession)


if __name__ == "__main__":
    main()
