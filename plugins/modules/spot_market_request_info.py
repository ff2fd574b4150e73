#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: spot_market_request_info
short_description: Look at spot market requests of the Packet API
version_added: 0.1.0
description:
  - Gives all spot market requests of a project, with their devices.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
seealso:
  - module: packet.kubernetes.spot_market_request
"""

EXAMPLES = r"""
- name: Look at the requests
  packet.kubernetes.spot_market_request_info:
    project: kubernetes
  register: result

- name: Show how many devices they have
  ansible.builtin.debug:
    msg: "{{ result.spot_market_requests | map(attribute='devices') | map('length') | sum }}"
"""

RETURN = r"""
spot_market_requests:
  description: The requests.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 4d5e6f7a-8b9c-4d0e-9f1a-2b3c4d5e6f7a
    tags:
      description: All the tags of its devices.
      type: list
      elements: str
      sample: [cluster=blue]
    devices_min:
      description: Fewer devices are not made at all.
      type: int
      sample: 1
    devices_max:
      description: How many devices there may be at a time.
      type: int
      sample: 3
    max_bid_price:
      description: What each device may cost, in dollars an hour.
      type: float
      sample: 0.05
    metro:
      description: Code of the metro.
      type: str
      sample: sv
    facilities:
      description: Codes of the facilities.
      type: list
      elements: str
    end_at:
      description: When it ends.
      type: str
      sample: "2026-12-31T12:00:00Z"
    plan:
      description: Slug of the plan.
      type: str
      sample: c3.small.x86
    operating_system:
      description: Slug of the operating system.
      type: str
      sample: debian_12
    hostnames:
      description: The names of its devices in turn.
      type: list
      elements: str
    user_data:
      description: A digest of the user data of its devices.
      type: str
      sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    custom_data:
      description: The data kept with each of its devices.
      type: dict
    description:
      description: What its devices are for.
      type: str
    billing_cycle:
      description: How its devices are billed.
      type: str
    locked:
      description: Whether its devices are safe from removal.
      type: bool
    always_pxe:
      description: Whether its devices boot from the network each time.
      type: bool
    ipxe_script_url:
      description: The iPXE script that its devices boot.
      type: str
    devices:
      description: Ids of the devices that it has now.
      type: list
      elements: str
    created_at:
      description: When it was made.
      type: str
      sample: "2026-11-20T12:00:00Z"
"""

from ..module_utils._kinds.spot_market_request import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
