#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bgp_neighbor_info
short_description: Show BGP neighbors of a device of the Packet API
version_added: 0.1.0
description:
  - Shows with whom a device shall peer, which is what its BGP daemon is set up with. There is a neighbor for
    each BGP session of the device.
  - The password of a session is not shown, only whether there is one.
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
      - Hostname or id of the device. It is an error if there is none, or if several devices of the project
        have the hostname.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Look up with whom a device peers
  packet.kubernetes.bgp_neighbor_info:
    project: kubernetes
    device: blue-worker-0
  register: result

- name: Show the routers
  ansible.builtin.debug:
    msg: "{{ result.bgp_neighbors | map(attribute='peer_ips') | flatten }}"
"""

RETURN = r"""
bgp_neighbors:
  description: The neighbors; none where the device has no session, or BGP is not enabled for the project.
  returned: success
  type: list
  elements: dict
  contains:
    address_family:
      description: V(ipv4) or V(ipv6).
      type: str
      sample: ipv4
    customer_as:
      description: Number of the autonomous system of the device.
      type: int
      sample: 65000
    customer_ip:
      description: Address from which the device peers.
      type: str
      sample: 10.99.0.3
    peer_as:
      description: Number of the autonomous system of the routers.
      type: int
      sample: 65530
    peer_ips:
      description: Addresses of the routers.
      type: list
      elements: str
      sample: [169.254.255.1, 169.254.255.2]
    md5_enabled:
      description: Whether there is a password.
      type: bool
      sample: false
    multihop:
      description: Whether the routers are more than a hop away.
      type: bool
      sample: true
    routes_in:
      description: >-
        Networks that the device may announce, each as C(route), and as C(exact) whether networks in it are
        excluded.
      type: list
      elements: dict
      sample: [{route: 198.51.100.130/32, exact: false}]
    routes_out:
      description: Networks that are announced to the device, in the same form.
      type: list
      elements: dict
      sample: [{route: 0.0.0.0/0, exact: true}]
    device_id:
      description: Id of the device.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
"""

from ..module_utils._kinds.bgp_neighbor import BGP_NEIGHBORS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(BGP_NEIGHBORS)


if __name__ == "__main__":
    main()
