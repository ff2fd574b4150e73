#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_power
short_description: Switch devices of the Packet API on and off and reboot them, many at once
version_added: 0.1.0
description:
  - Switches devices on or off or reboots them. All are asked at the same time and waited for together.
  - A device that is just being installed or switched is asked when that is over, unless O(wait=false).
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
  - packet.kubernetes._wait
attributes:
  idempotent:
    description: Run again with the same options, it changes nothing, but for O(state=rebooted).
    support: partial
    details:
      - O(state=rebooted) reboots each time.
options:
  devices:
    description:
      - Hostnames or ids of the devices. It is an error if several devices of the project have a hostname.
    type: list
    elements: str
    required: true
  state:
    description:
      - How the devices shall be.
      - V(rebooted) reboots those that are on and switches on those that are off; it always changes.
    type: str
    choices: ["on", "off", rebooted]
    required: true
seealso:
  - module: packet.kubernetes.device
"""

EXAMPLES = r"""
- name: Switch two devices off
  packet.kubernetes.device_power:
    project: kubernetes
    devices:
      - blue-worker-0
      - blue-worker-1
    state: "off"

- name: Reboot a device and do not wait for it
  packet.kubernetes.device_power:
    project: kubernetes
    devices:
      - blue-worker-2
    state: rebooted
    wait: false
"""

RETURN = r"""
device_power:
  description:
    - The devices by the hostname or id under which they are listed.
    - In check mode one that does not exist yet has just the C(state) that was asked for.
  returned: success
  type: dict
  sample:
    blue-worker-0:
      id: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
      hostname: blue-worker-0
      state: inactive
"""

from ..module_utils._kinds.device_power import DevicePower
from ..module_utils._module import run_fleet


def main() -> None:
    """Runs the module."""
    run_fleet(DevicePower, always="present")


if __name__ == "__main__":
    main()
