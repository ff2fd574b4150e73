#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volume_info
short_description: Look at volumes of the Packet API
version_added: 0.1.0
description:
  - Gives all volumes of a project.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
seealso:
  - module: packet.kubernetes.volume
"""

EXAMPLES = r"""
- name: Look at the volumes
  packet.kubernetes.volume_info:
    project: kubernetes
  register: result

- name: Show those that no device uses
  ansible.builtin.debug:
    msg: "{{ result.volumes | rejectattr('attached_to') | map(attribute='description') }}"
"""

RETURN = r"""
volumes:
  description: The volumes.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d
    name:
      description: The name that the API gave it.
      type: str
      sample: volume-1a2b3c4d
    description:
      description: What it is for.
      type: str
      sample: database
    state:
      description: V(active) when it can be used.
      type: str
      sample: active
    size:
      description: Its size in GiB.
      type: int
      sample: 100
    plan:
      description: Slug of the plan.
      type: str
      sample: storage_1
    facility:
      description: Code of the facility.
      type: str
      sample: ewr1
    locked:
      description: Whether it is safe from removal.
      type: bool
    billing_cycle:
      description: How it is billed.
      type: str
      sample: hourly
    custom_data:
      description: The data kept with it.
      type: dict
    attached_to:
      description: Ids of the devices that it is attached to, of which there is at most one.
      type: list
      elements: str
    iqn:
      description: The name of the iSCSI target under which a device reaches it.
      type: str
      sample: iqn.2013-05.com.daterainc:tc:01:sn:1a2b3c4d5e6f4a7b
    addresses:
      description: The addresses at which a device reaches it.
      type: list
      elements: str
      sample: [192.0.2.1, 192.0.2.2]
    created_at:
      description: When it was ordered.
      type: str
      sample: "2026-11-20T12:00:00Z"
"""

from ..module_utils._kinds.volume import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
