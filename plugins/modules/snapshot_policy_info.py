#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_policy_info
short_description: Look at snapshot policies of volumes of the Packet API
version_added: 0.1.0
description:
  - Gives the snapshot policies of all volumes of a project, or of one.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  volume:
    description:
      - Description, name or id of the volume that is asked for. It must exist.
    type: str
seealso:
  - module: packet.kubernetes.snapshot_policy
"""

EXAMPLES = r"""
- name: Look at the policies of a volume
  packet.kubernetes.snapshot_policy_info:
    project: kubernetes
    volume: database
  register: result

- name: Show how often snapshots are taken
  ansible.builtin.debug:
    msg: "{{ result.snapshot_policies | map(attribute='frequency') }}"
"""

RETURN = r"""
snapshot_policies:
  description: The policies.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 3c4d5e6f-7a8b-4c9d-8e0f-1a2b3c4d5e6f
    volume_id:
      description: Id of the volume.
      type: str
      sample: 1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d
    frequency:
      description: How often a snapshot is taken.
      type: str
      sample: 1day
    count:
      description: How many snapshots are kept.
      type: int
      sample: 7
"""

from ..module_utils._kinds.snapshot_policy import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
