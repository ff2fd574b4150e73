#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: spot_price_info
short_description: Show prices of the spot market of the Packet API
version_added: 0.1.0
description:
  - Shows what machines of each plan cost on the spot market now, in each metro or facility.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  plan:
    description:
      - Only the plan of this slug.
    type: str
  metro:
    description:
      - Only the metro of this code. Excludes O(facility).
    type: str
  facility:
    description:
      - Only the facility of this code. Tells facilities apart, as O(by_facility) does.
    type: str
  by_facility:
    description:
      - Whether to tell the facilities of a metro apart.
    type: bool
    default: false
seealso:
  - module: packet.kubernetes.capacity_info
  - module: packet.kubernetes.plan_info
"""

EXAMPLES = r"""
- name: See what a plan costs
  packet.kubernetes.spot_price_info:
    plan: c3.small.x86
  register: result

- name: Show where it is cheapest
  ansible.builtin.debug:
    msg: "{{ (result.spot_prices | sort(attribute='price') | first).metro }}"
"""

RETURN = r"""
spot_prices:
  description: The prices, by place and plan.
  returned: success
  type: list
  elements: dict
  contains:
    metro:
      description: Code of the metro.
      type: str
      sample: sv
    facility:
      description: Code of the facility, null where metros are told apart.
      type: str
      sample: sv15
    plan:
      description: Slug of the plan.
      type: str
      sample: c3.small.x86
    price:
      description: The price in dollars an hour; of a metro, that where it is cheapest.
      type: float
      sample: 0.1
"""

from ..module_utils._kinds.market import SPOT_PRICES
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(SPOT_PRICES)


if __name__ == "__main__":
    main()
