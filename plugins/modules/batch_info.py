#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: batch_info
short_description: Show batches of the Packet API
version_added: 0.1.0
description:
  - Shows devices that were ordered together, and how far they are.
  - The module M(packet.kubernetes.device) orders devices one by one and makes no batches; other programs do.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  ids:
    description:
      - Only batches with one of these ids. One that does not exist is no error; it is not shown.
    type: list
    elements: str
  states:
    description:
      - Only batches in one of these states.
    type: list
    elements: str
    choices: [in_progress, completed, failed]
seealso:
  - module: packet.kubernetes.device_info
"""

EXAMPLES = r"""
- name: Wait until all batches of a project are done
  packet.kubernetes.batch_info:
    project: kubernetes
    states:
      - in_progress
  register: result
  until: result.batches | length == 0
  retries: 60
  delay: 10
"""

RETURN = r"""
batches:
  description: The batches, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 51e7b4a4-2ed8-4cbd-8cbb-9b1a1a0cf8c5
    state:
      description: V(in_progress), V(completed), or V(failed) if one of the devices is.
      type: str
      sample: completed
    quantity:
      description: How many devices were ordered.
      type: int
      sample: 3
    errors:
      description: What went wrong, in the words of the API.
      type: list
      elements: str
      sample: []
    device_ids:
      description: Ids of the devices that there are of it.
      type: list
      elements: str
      sample: [0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5]
    project_id:
      description: Id of the project.
      type: str
      sample: 4d4e2f1e-7f1d-4fd4-9c60-94a0b5e9d0a1
    created_at:
      description: When it was ordered.
      type: str
      sample: "2026-11-20T12:00:00Z"
    updated_at:
      description: When it last changed.
      type: str
      sample: "2026-11-20T12:00:00Z"
"""

from ..module_utils._kinds.batch import BATCHES
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(BATCHES)


if __name__ == "__main__":
    main()
