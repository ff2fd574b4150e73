#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: event_info
short_description: Show events of the Packet API
version_added: 0.1.0
description:
  - Shows what happened to a device, in a project or in an organization, the latest first. All pages are read.
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
      - Only events of this device of the project, by its hostname or id. It is an error if there is none, or
        if several devices of the project have the hostname.
    type: str
  organization:
    description:
      - Name or id of an organization. Shows what happened in it, outside of its projects; a project that is
        set as well has no effect. Excludes O(device).
    type: str
  types:
    description:
      - Only events of one of these types, such as V(provisioning.110).
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: See what happened to a device
  packet.kubernetes.event_info:
    project: kubernetes
    device: blue-worker-0
  register: result

- name: Show what was last
  ansible.builtin.debug:
    msg: "{{ result.events[0].created_at }}: {{ result.events[0].body }}"

- name: List the devices of a project that were rebooted
  packet.kubernetes.event_info:
    project: kubernetes
    types:
      - power.203
"""

RETURN = r"""
events:
  description: The events, the latest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 5e1d1f04-3c0a-4a8e-a1e0-8a2c1a0f9b57
    type:
      description: What kind of event it is.
      type: str
      sample: provisioning.110
    body:
      description: What happened, in words.
      type: str
      sample: Device phoned home and is ready to go
    ip:
      description: Address from which it was asked for, null where that is not known.
      type: str
      sample: 203.0.113.7
    created_at:
      description: When it happened.
      type: str
      sample: "2026-11-20T12:00:00Z"
    user_id:
      description: Id of the user who did it, null where nobody did.
      type: str
      sample: c569a0b8-1a3e-4b0a-8a29-8d7c9ee0c8d5
    device_id:
      description: Id of the device that it is about.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
    volume_id:
      description: Id of the volume that it is about.
      type: str
    project_id:
      description: Id of the project that it is about.
      type: str
      sample: 4d4e2f1e-7f1d-4fd4-9c60-94a0b5e9d0a1
    organization_id:
      description: Id of the organization that it is about.
      type: str
"""

from ..module_utils._kinds.event import EVENTS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(EVENTS)


if __name__ == "__main__":
    main()
