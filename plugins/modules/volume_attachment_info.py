#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volume_attachment_info
short_description: Look at which volumes of the Packet API are on which devices
version_added: 0.1.0
description:
  - Gives all attachments of volumes in a project, or those of a volume or device.
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
  device:
    description:
      - Hostname or id of the device that is asked for. It must exist.
    type: str
seealso:
  - module: packet.kubernetes.volume_attachment
"""

EXAMPLES = r"""
- name: Look at the volumes of a device
  packet.kubernetes.volume_attachment_info:
    project: kubernetes
    device: database-0
  register: result

- name: Show their ids
  ansible.builtin.debug:
    msg: "{{ result.volume_attachments | map(attribute='volume_id') }}"
"""

RETURN = r"""
volume_attachments:
  description: The attachments.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 2b3c4d5e-6f7a-4b8c-9d0e-1f2a3b4c5d6e
    volume_id:
      description: Id of the volume.
      type: str
      sample: 1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d
    device_id:
      description: Id of the device that has it.
      type: str
      sample: 0f1c2d3e-4a5b-4c6d-8e7f-90a1b2c3d4e5
"""

from ..module_utils._kinds.volume_attachment import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
