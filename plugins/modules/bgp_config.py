#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bgp_config
short_description: Enable BGP for projects of the Packet API
version_added: 0.1.0
description:
  - Enables the devices of a project to announce routes by BGP, and says as whom.
    M(packet.kubernetes.bgp_session) then has a device peer.
  - The API cannot disable it again, so there is no option C(state).
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
  - packet.kubernetes._connection.project
options:
  deployment_type:
    description:
      - Who shall learn the routes. V(local) is the network that the devices are on, V(global) the Internet,
        which somebody has to approve.
      - If not set, it stays as it is, and is V(local) at first.
    type: str
    choices: [local, global]
  asn:
    description:
      - The number of the autonomous system as which devices peer.
      - If not set, it stays as it is, and is at first what the API chooses, V(65000).
    type: int
  md5:
    description:
      - Password of the sessions. An empty string stands for none. If not set, it stays as it is.
      - Results and diffs never show it, only whether there is one and whether it becomes another.
    type: str
seealso:
  - module: packet.kubernetes.bgp_session
  - module: packet.kubernetes.bgp_config_info
"""

EXAMPLES = r"""
- name: Let devices announce addresses of services
  packet.kubernetes.bgp_config:
    project: kubernetes
    deployment_type: local
    md5: "{{ lookup('ansible.builtin.env', 'BGP_PASSWORD') }}"
"""

RETURN = r"""
bgp_config:
  description:
    - The configuration; only what was asked for in check mode if there is none yet.
  returned: success
  type: dict
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

from ..module_utils._kinds.bgp_config import BgpConfig
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(BgpConfig, always="present")


if __name__ == "__main__":
    main()
