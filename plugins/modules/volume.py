#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volume
short_description: Manage volumes of the Packet API
version_added: 0.1.0
description:
  - Creates, changes and removes volumes, and lets them grow. M(packet.kubernetes.volume_attachment) brings
    them to devices.
  - The API gives a volume its name, so it is known by O(description).
  - A volume that a run before has left half made is waited for, also in check mode, unless O(wait=false). One
    that could not be made is an error that says why.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
  - packet.kubernetes._wait
options:
  description:
    description:
      - What the volume is for, by which it is found. It is an error if several volumes of the project have
        it.
      - With O(id) it is the description that the volume shall have.
    type: str
  id:
    description:
      - Id of a volume that exists, or its name, such as V(volume-1a2b3c4d).
      - At least one of O(description) and O(id) is needed.
    type: str
  plan:
    description:
      - Slug of the plan, V(storage_1) or V(storage_2) for example. Needed to make a volume.
    type: str
  facility:
    description:
      - Code of the facility. Needed to make a volume; cannot be changed later, unless O(replace=true). Only
        devices of this facility can use it.
    type: str
  size:
    description:
      - Size in GiB, 10 to 10000. It can be more than it was, but not less, unless O(replace=true).
      - The API's default is 100.
    type: int
  locked:
    description:
      - Whether the API refuses to remove the volume.
    type: bool
  billing_cycle:
    description:
      - How the volume is billed. The API's default is V(hourly).
    type: str
    choices: [hourly, monthly]
  custom_data:
    description:
      - Data of your own to be kept with the volume. What is there is replaced as a whole.
    type: dict
  replace:
    description:
      - Whether a volume is removed and made anew where O(facility) differs or O(size) is less than it was.
        Without, that is an error. Its data and its snapshots are lost, and it gets another id and name.
      - The new volume is as the task says, which has to say all that is needed to make one. It has to be
        known by its O(description), not by O(id).
      - A volume that is attached or locked is refused.
    type: bool
    default: false
  state:
    description:
      - Whether the volume shall exist. One that is attached or locked is not removed.
      - Its snapshots are removed with it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: packet.kubernetes.volume_attachment
  - module: packet.kubernetes.snapshot_policy
"""

EXAMPLES = r"""
- name: Have a volume
  packet.kubernetes.volume:
    project: kubernetes
    description: database
    plan: storage_1
    facility: ewr1
    size: 100

- name: Let it grow
  packet.kubernetes.volume:
    project: kubernetes
    description: database
    size: 200

- name: Remove it
  packet.kubernetes.volume:
    project: kubernetes
    description: database
    state: absent
"""

RETURN = r"""
volume:
  description:
    - The volume; only what was asked for in check mode if it does not exist yet, null once it is removed.
  returned: success
  type: dict
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

from ..module_utils._kinds.volume import Volume
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(Volume)


if __name__ == "__main__":
    main()
