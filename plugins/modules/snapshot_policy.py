#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_policy
short_description: Manage snapshot policies of volumes of the Packet API
version_added: 0.1.0
description:
  - Has snapshots of a volume taken by themselves, now and then, and says how many of them are kept.
  - A volume may have several policies. One is known by O(volume) and O(frequency).
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  volume:
    description:
      - Description, name or id of the volume. It is an error if several volumes of the project have the
        description.
    type: str
    required: true
  frequency:
    description:
      - How often a snapshot is taken. With O(id) it is the frequency that the policy shall have.
    type: str
    choices: [15min, 1hour, 1day, 1week, 1month, 1year]
  count:
    description:
      - How many snapshots are kept, 1 to 256. The oldest that are more are removed.
      - The API's default is 1.
    type: int
  id:
    description:
      - Id of a policy that exists.
      - At least one of O(frequency) and O(id) is needed.
    type: str
  state:
    description:
      - Whether the policy shall exist. The snapshots that it has taken stay without it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: packet.kubernetes.volume
"""

EXAMPLES = r"""
- name: Keep the snapshots of a week
  packet.kubernetes.snapshot_policy:
    project: kubernetes
    volume: database
    frequency: 1day
    count: 7

- name: And no longer one of each hour
  packet.kubernetes.snapshot_policy:
    project: kubernetes
    volume: database
    frequency: 1hour
    state: absent
"""

RETURN = r"""
snapshot_policy:
  description: The policy; without C(id) in check mode if it does not exist yet, null once it is removed.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 3c4d5e6f-7a8b-4c9d-8e0f-1a2b3c4d5e6f
    volume_id:
      description: Id of the volume; in check mode its description if it does not exist yet.
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

from ..module_utils._kinds.snapshot_policy import SnapshotPolicy
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(SnapshotPolicy)


if __name__ == "__main__":
    main()
