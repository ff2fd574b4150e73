#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_info
short_description: Show devices of the Packet API
version_added: 0.1.0
description:
  - Shows the devices of a project, all of them or those that are asked for. All pages are read.
  - What is asked for adds up. A device is shown if it is all of it.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  hostnames:
    description:
      - Only devices with one of these hostnames or ids. One that does not exist is no error; it is not shown.
    type: list
    elements: str
  tags:
    description:
      - Only devices that have all these tags.
    type: list
    elements: str
  states:
    description:
      - Only devices in one of these states.
    type: list
    elements: str
    choices:
      - queued
      - provisioning
      - active
      - inactive
      - powering_on
      - powering_off
      - reinstalling
      - deprovisioning
      - failed
      - deleted
  metro:
    description:
      - Only devices in the metro of this code.
    type: str
  facility:
    description:
      - Only devices in the facility of this code.
    type: str
seealso:
  - module: packet.kubernetes.device
"""

EXAMPLES = r"""
- name: List the workers of a cluster that are ready
  packet.kubernetes.device_info:
    project: kubernetes
    tags:
      - cluster=blue
      - role=worker
    states:
      - active
  register: result

- name: Show their addresses
  ansible.builtin.debug:
    msg: "{{ result.devices | items2dict(key_name='hostname', value_name='private_ipv4') }}"

- name: Look at one device
  packet.kubernetes.device_info:
    project: kubernetes
    hostnames:
      - blue-worker-0
"""

RETURN = r"""
devices:
  description: The devices, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
    hostname:
      description: Its hostname.
      type: str
      sample: blue-worker-0
    state:
      description: V(active) when it is ready, V(inactive) when somebody has powered it off.
      type: str
      sample: active
    plan:
      description: Slug of the plan.
      type: str
      sample: c3.small.x86
    operating_system:
      description: Slug of the operating system.
      type: str
      sample: debian_12
    metro:
      description: Code of the metro.
      type: str
      sample: sv
    facility:
      description: Code of the facility.
      type: str
      sample: sv15
    tags:
      description: Its tags.
      type: list
      elements: str
      sample: [cluster=blue, role=worker]
    description:
      description: What it is for.
      type: str
    billing_cycle:
      description: How it is billed.
      type: str
      sample: hourly
    locked:
      description: Whether it is safe from removal.
      type: bool
    always_pxe:
      description: Whether it boots from the network each time.
      type: bool
    ipxe_script_url:
      description: The iPXE script that it boots.
      type: str
    network_frozen:
      description: Whether its ports and addresses stay as they are.
      type: bool
    features:
      description: The features that were asked for, each V(required) or V(preferred).
      type: dict
    hardware_reservation_id:
      description: Id of the reserved machine that it is on.
      type: str
    spot_instance:
      description: Whether it is bought on the spot market.
      type: bool
    spot_price_max:
      description: What an hour of it may cost at most, in dollars.
      type: float
    termination_time:
      description: When the API removes it.
      type: str
      sample: "2026-12-31T12:00:00Z"
    custom_data:
      description: The data kept with it.
      type: dict
    user_data:
      description: A digest of its user data.
      type: str
      sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    public_ipv4:
      description: Its public IPv4 address.
      type: str
      sample: 198.51.100.3
    private_ipv4:
      description: Its private IPv4 address.
      type: str
      sample: 10.99.0.3
    public_ipv6:
      description: Its public IPv6 address.
      type: str
    ip_addresses:
      description:
        - All its addresses, with C(address), C(cidr), C(gateway), C(address_family), C(public) and
          C(management), which is true of its own and false of elastic ones.
      type: list
      elements: dict
    created_at:
      description: When it was ordered.
      type: str
      sample: "2026-11-20T12:00:00Z"
"""

from ..module_utils._kinds.device_search import DEVICES
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(DEVICES)


if __name__ == "__main__":
    main()
