#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_power_info
short_description: List which devices of the Packet API are on
version_added: 0.1.0
description:
  - Lists the devices of a project with nothing but their power and what tells them apart.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
seealso:
  - module: packet.kubernetes.device_power
  - module: packet.kubernetes.device_info
"""

EXAMPLES = r"""
- name: Look which devices are on
  packet.kubernetes.device_power_info:
    project: kubernetes
  register: result

- name: Name those that are off
  ansible.builtin.debug:
    msg: "{{ result.devices | selectattr('state', 'eq', 'inactive') | map(attribute='hostname') }}"
"""

RETURN = r"""
devices:
  description:
    - The devices, as M(packet.kubernetes.device_power) shows one.
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
      description:
        - V(active) where it is on, V(inactive) where it is off, V(powering_on) or V(powering_off) on the way;
          or another state of the API, such as V(provisioning).
      type: str
      sample: inactive
"""

from ..module_utils._kinds.device_power import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
