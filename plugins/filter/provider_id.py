# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what a node's spec.providerID says of a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._provider_ids import NoDeviceError, of_device

DOCUMENTATION = r"""
name: provider_id
short_description: The providerID of the node that a device is
version_added: 0.1.0
description:
  - Gives what C(spec.providerID) of a Node is, as the cloud controller manager writes it.
  - A providerID is taken too, of this form or of an older one.
options:
  _input:
    description: The id of a device.
    type: str
    required: true
seealso:
  - plugin: packet.kubernetes.device_id
    plugin_type: filter
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Show the Node of a device
  ansible.builtin.debug:
    msg: "{{ nodes.resources | selectattr('spec.providerID', 'eq', wanted) }}"
  vars:
    wanted: "{{ packet_id | packet.kubernetes.provider_id }}"
"""

RETURN = r"""
_value:
  description: The providerID.
  type: str
  sample: equinixmetal://4d4e2f1e-7f1d-4fd4-9c60-94a0b5e9d0a1
"""


def provider_id(device: object) -> str:
    """The filter itself."""
    try:
        return of_device(device)
    except NoDeviceError as error:
        raise AnsibleFilterError(f"provider_id: {error}") from error


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"provider_id": provider_id}
