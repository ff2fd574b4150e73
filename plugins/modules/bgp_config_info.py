#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bgp_config_info
short_description: Look at the BGP configuration of projects of the Packet API
version_added: 0.1.0
description:
  - Says whether the devices of a project may announce routes by BGP, and as whom.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
seealso:
  - module: packet.kubernetes.bgp_config
"""

EXAMPLES = r"""
- name: Look whether BGP is enabled
  packet.kubernetes.bgp_config_info:
    project: kubernetes
  register: result

- name: Insist on it
  ansible.builtin.assert:
    that: result.bgp_configs | selectattr('status', 'eq', 'enabled') | length > 0
"""

RETURN = r"""
bgp_configs:
  description:
    - The configuration of the project, as M(packet.kubernetes.bgp_config) shows it; empty if there is none.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 5d6e7f80-91a2-4b3c-8d4e-5f60718293a4
    deployment_type:
      description: Who learns the routes, V(local) or V(global).
      type: str
      sample: local
    asn:
      description: The number as which devices peer.
      type: int
      sample: 65000
    md5:
      description: V(set) if there is a password, else empty. The password itself is never shown.
      type: str
      sample: set
    status:
      description: V(enabled), or V(requested) while somebody has to approve it.
      type: str
      sample: enabled
    max_prefix:
      description: How many routes a device may announce.
      type: int
      sample: 10
"""

from ..module_utils._kinds.bgp_config import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
