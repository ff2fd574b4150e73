#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volume_attachment
short_description: Attach volumes of the Packet API to devices
version_added: 0.1.0
description:
  - Attaches a volume to a device, moves it from one device to another, or detaches it.
  - What a device does with it, such as to log in over iSCSI and to mount it, is not done here. Unmount it
    before it is moved or detached.
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
  device:
    description:
      - Hostname or id of the device, which must be in the volume's facility. It is an error if several
        devices of the project have the hostname.
      - Required with O(state=present). With O(state=absent) an attachment to any other device is left alone.
    type: str
  state:
    description:
      - Whether the volume shall be attached.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: packet.kubernetes.volume
"""

EXAMPLES = r"""
- name: Attach a volume
  packet.kubernetes.volume_attachment:
    project: kubernetes
    volume: database
    device: database-0
"""

RETURN = r"""
volume_attachment:
  description: The attachment; without C(id) in check mode if it does not exist yet, null once it is detached.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 2b3c4d5e-6f7a-4b8c-9d0e-1f2a3b4c5d6e
    volume_id:
      description: Id of the volume; in check mode its description if it does not exist yet.
      type: str
      sample: 1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d
    device_id:
      description: Id of the device that has it; in check mode its hostname if the device does not exist yet.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
"""

from ..module_utils._kinds.volume_attachment import VolumeAttachment
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(VolumeAttachment)


if __name__ == "__main__":
    main()
