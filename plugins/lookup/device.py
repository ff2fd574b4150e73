# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup: a device of the Packet API by its hostname or id."""

from __future__ import annotations

DOCUMENTATION = r"""
name: device
short_description: A device of the Packet API by its hostname or id
version_added: 0.1.0
description:
  - Asks the API, once for all that are named, and gives each device as the module M(packet.kubernetes.device)
    does.
extends_documentation_fragment:
  - packet.kubernetes._connection.plugin
options:
  _terms:
    description: Hostnames or ids of devices.
    type: list
    elements: str
    required: true
  project:
    description: Name or id of the project.
    type: str
    env:
      # Ansible takes the last one that is set.
      - name: METAL_PROJECT_ID
      - name: PACKET_PROJECT_ID
  missing:
    description:
      - What to do about a device that is not there. V(error) ends the task; V(skip) leaves it out, so that
        the result may be empty.
    type: str
    choices: [error, skip]
    default: error
seealso:
  - module: packet.kubernetes.device_info
  - plugin: packet.kubernetes.packet
    plugin_type: inventory
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Show the address of a device
  ansible.builtin.debug:
    msg: "{{ lookup('packet.kubernetes.device', 'worker-0', project='kubernetes').public_ipv4 }}"

- name: Name those of three devices that are there
  ansible.builtin.debug:
    msg: "{{ query('packet.kubernetes.device', 'a', 'b', 'c', missing='skip') | map(attribute='hostname') }}"
"""

RETURN = r"""
_raw:
  description: The devices, in the order in which they were named.
  type: list
  elements: dict
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils._kinds.device_attributes import attributes
from ..module_utils._kinds.references import Home, pick
from ..module_utils._packet.client import Client
from ..module_utils._packet.connection import OPTIONS, Connection
from ..module_utils._reconcile import Attributes, ResourceError


class LookupModule(LookupBase):
    """The lookup `packet.kubernetes.device`."""

    def run(
        self, terms: Sequence[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[Attributes]:
        """Raises AnsibleLookupError with one clear sentence."""
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return self._find([str(term) for term in terms])
        except ResourceError as error:
            raise AnsibleLookupError(f"packet.kubernetes.device: {error}") from error

    def _find(self, references: list[str]) -> list[Attributes]:
        client = Client(Connection.from_params({name: self.get_option(name) for name in OPTIONS}))
        home = Home(client, self.get_option("project"))
        home.path("devices")
        devices = home.devices()
        found = {name: pick("device", name, devices, label="hostname") for name in references}
        missing = [name for name in references if found[name] is None]
        if missing and self.get_option("missing") == "error":
            raise ResourceError(f"the project has no device {', '.join(map(repr, missing))}")
        return [attributes(device) for device in found.values() if device is not None]
