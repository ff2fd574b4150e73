# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the device behind a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._provider_ids import NoDeviceError, device_of

DOCUMENTATION = r"""
name: device_id
short_description: The id of the device that a node is
version_added: 0.1.0
description:
  - Reads it from C(spec.providerID) of a Node, as C(equinixmetal://<id>), as C(packet://<id>) as older
    clusters have it, or as the bare id.
options:
  _input:
    description: The providerID.
    type: str
    required: true
seealso:
  - plugin: packet.kubernetes.provider_id
    plugin_type: filter
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Restart the device of a node
  packet.kubernetes.device_power:
    project: kubernetes
    devices:
      - "{{ node.spec.providerID | packet.kubernetes.device_id }}"
    state: rebooted
"""

RETURN = r"""
_value:
  description: The id of the device.
  type: str
  sample: 4d4e2f1e-7f1d-4fd4-9c60-94a0b5e9d0a1
"""


def device_id(provider_id: object) -> str:
    """The filter itself."""
    try:
        return device_of(provider_id)
    except NoDeviceError as error:
        raise AnsibleFilterError(f"device_id: {error}") from error


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"device_id": device_id}
