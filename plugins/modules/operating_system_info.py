#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: operating_system_info
short_description: Show operating systems of the Packet API
version_added: 0.1.0
description:
  - Shows what devices can be installed with, and on machines of which plans.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  slugs:
    description:
      - Only operating systems with one of these slugs. One that does not exist is no error; it is not shown.
    type: list
    elements: str
  distro:
    description:
      - Only versions of this distribution, such as V(debian).
    type: str
  plan:
    description:
      - Only what machines of the plan of this slug can be installed with.
    type: str
seealso:
  - module: packet.kubernetes.plan_info
"""

EXAMPLES = r"""
- name: List the versions of Debian for a plan
  packet.kubernetes.operating_system_info:
    distro: debian
    plan: c3.small.x86
  register: result

- name: Show them
  ansible.builtin.debug:
    msg: "{{ result.operating_systems | map(attribute='slug') }}"
"""

RETURN = r"""
operating_systems:
  description: The operating systems.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 9d9e8e9a-1b1c-4a5e-8c7b-2a6d1f0e4b3c
    slug:
      description: By what it is ordered.
      type: str
      sample: debian_12
    name:
      description: Its name.
      type: str
      sample: Debian 12
    distro:
      description: The distribution.
      type: str
      sample: debian
    version:
      description: The version of the distribution.
      type: str
      sample: "12"
    licensed:
      description: Whether a licence is paid for.
      type: bool
      sample: false
    plans:
      description: Slugs of the plans whose machines can be installed with it.
      type: list
      elements: str
      sample: [c3.small.x86, m3.large.x86]
"""

from ..module_utils._kinds.catalogue import OPERATING_SYSTEMS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(OPERATING_SYSTEMS)


if __name__ == "__main__":
    main()
