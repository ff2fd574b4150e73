#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: spot_market_request
short_description: Bid for devices on the spot market of the Packet API
version_added: 0.1.0
description:
  - Asks for devices as long as they cost no more than a price, or withdraws that. The devices are made when
    there are any for the price, which is not waited for.
  - A request has no name and no tags of its own. It is known by O(tags), those of its devices.
  - The API changes no request. To bid something else, have it made anew with O(replace=true).
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  tags:
    description:
      - Tags of the devices, by which the request is found. It may have others besides.
      - It is an error if more than one request of the project has them all.
    type: list
    elements: str
    required: true
  devices_min:
    description:
      - Fewer devices are not made at all. The API's default is 1.
    type: int
  devices_max:
    description:
      - How many devices there may be at a time. The API's default is 1.
    type: int
  max_bid_price:
    description:
      - What each device may cost, in dollars an hour. Needed to make a request.
    type: float
  metro:
    description:
      - Code of the metro in which the devices shall be.
      - This or O(facilities) is needed to make a request.
    type: str
  facilities:
    description:
      - Codes of the facilities that will do, the preferred first. Excludes O(metro).
    type: list
    elements: str
  end_at:
    description:
      - When the devices are removed and no more are made, for example V(2026-12-31T12:00:00Z). Without a zone
        it is UTC.
    type: str
  plan:
    description:
      - Slug of the plan, such as V(c3.small.x86). Needed to make a request.
    type: str
  operating_system:
    description:
      - Slug of the operating system, such as V(debian_12). Needed to make a request.
    type: str
  hostnames:
    description:
      - >-
        Names of the devices in turn. C({{index}}) in one stands for how many devices were made before; the
        tag C(!unsafe) keeps Ansible from taking that for a variable.
      - The API names the devices unless this is given.
    type: list
    elements: str
  user_data:
    description:
      - User data, which cloud-init runs when a device is installed.
      - Diffs and results show a digest of it only, as it may hold secrets.
    type: str
  custom_data:
    description:
      - Data of your own to be kept with each device.
    type: dict
  description:
    description:
      - What the devices are for.
    type: str
  billing_cycle:
    description:
      - How the devices are billed.
    type: str
  locked:
    description:
      - Whether the API refuses to remove or reinstall the devices.
    type: bool
  always_pxe:
    description:
      - Whether the devices boot from the network each time.
    type: bool
  ipxe_script_url:
    description:
      - URL of an iPXE script to boot, for the operating system V(custom_ipxe).
    type: str
  force_termination:
    description:
      - Whether its devices are removed too with O(state=absent) or O(replace=true). Without, they stay.
    type: bool
    default: false
  replace:
    description:
      - Whether the request is withdrawn and made anew where it differs. Without, that is an error.
      - Devices that it has got stay, unless O(force_termination=true).
      - The new request is as the task says, which has to say all that is needed to make one.
    type: bool
    default: false
  state:
    description:
      - Whether the request shall exist.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: packet.kubernetes.device
"""

EXAMPLES = r"""
- name: Have up to three cheap workers
  packet.kubernetes.spot_market_request:
    project: kubernetes
    tags:
      - cluster=blue
      - role=worker
    plan: c3.small.x86
    operating_system: debian_12
    metro: sv
    hostnames:
      - !unsafe blue-spot-{{index}}
    devices_max: 3
    max_bid_price: 0.05

- name: Withdraw that and remove them
  packet.kubernetes.spot_market_request:
    project: kubernetes
    tags:
      - cluster=blue
      - role=worker
    force_termination: true
    state: absent
"""

RETURN = r"""
spot_market_request:
  description:
    - The request; only what was asked for in check mode if it does not exist yet, null once it is withdrawn.
  returned: success
  type: dict
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

from ..module_utils._kinds.spot_market_request import SpotMarketRequest
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(SpotMarketRequest)


if __name__ == "__main__":
    main()
