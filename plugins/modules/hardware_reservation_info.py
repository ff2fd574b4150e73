#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hardware_reservation_info
short_description: Show hardware reservations of the Packet API
version_added: 0.1.0
description:
  - Shows the machines that are kept for a project, and which devices are on them.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  plan:
    description:
      - Only machines of the plan of this slug.
    type: str
  metro:
    description:
      - Only machines in the metro of this code.
    type: str
  facility:
    description:
      - Only machines in the facility of this code.
    type: str
  state:
    description:
      - Only machines that a device is on (V(active)), that are spares, or that need service.
    type: str
    choices: [active, spare, need_of_service]
  provisionable:
    description:
      - Only machines on which a device can be made now, or with V(false) only the others.
    type: bool
seealso:
  - module: packet.kubernetes.capacity_info
"""

EXAMPLES = r"""
- name: See how many reserved machines are free
  packet.kubernetes.hardware_reservation_info:
    project: kubernetes
    plan: m3.large.x86
    provisionable: true
  register: result

- name: Show it
  ansible.builtin.debug:
    msg: "{{ result.hardware_reservations | length }} machines can be used"
"""

RETURN = r"""
hardware_reservations:
  description: The reservations, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id, by which a device is made on it.
      type: str
      sample: 1b9b78e3-de68-466e-ba00-f2123e89c112
    plan:
      description: Slug of the plan.
      type: str
      sample: m3.large.x86
    metro:
      description: Code of the metro.
      type: str
      sample: sv
    facility:
      description: Code of the facility.
      type: str
      sample: sv15
    project_id:
      description: Id of the project.
      type: str
      sample: 4d4e2f1e-7f1d-4fd4-9c60-94a0b5e9d0a1
    device_id:
      description: Id of the device that is on it, null where there is none.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
    provisionable:
      description: Whether a device can be made on it now.
      type: bool
      sample: true
    spare:
      description: Whether it stands by, to be activated when another fails.
      type: bool
      sample: false
    need_of_service:
      description: Whether it is broken.
      type: bool
      sample: false
    description:
      description: What it is for.
      type: str
    billing_cycle:
      description: How it is billed.
      type: str
      sample: monthly
    started_at:
      description: Since when it is kept for the project.
      type: str
      sample: "2026-11-20T12:00:00Z"
    remove_at:
      description: Until when it is kept, null where that is not known.
      type: str
    created_at:
      description: When it was reserved.
      type: str
      sample: "2026-11-20T12:00:00Z"
"""

from ..module_utils._kinds.hardware_reservation import HARDWARE_RESERVATIONS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(HARDWARE_RESERVATIONS)


if __name__ == "__main__":
    main()
