#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_info
short_description: List organizations of the Packet API
version_added: 0.1.0
description:
  - Lists all organizations that the token can see.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
seealso:
  - module: packet.kubernetes.organization
"""

EXAMPLES = r"""
- name: Look at my organizations
  packet.kubernetes.organization_info:
  register: result

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ result.organizations | map(attribute='name') }}"
"""

RETURN = r"""
organizations:
  description:
    - The organizations, as M(packet.kubernetes.organization) shows one.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: c0ffee00-1234-4abc-9def-0123456789ab
    name:
      description: Its name.
      type: str
      sample: Example
    description:
      description: What it is for.
      type: str
      sample: machines of the example
    website:
      description: Where it is on the web.
      type: str
      sample: https://example.com
    twitter:
      description: Its name there.
      type: str
    logo:
      description: URL of its logo.
      type: str
    address:
      description: Where it is; parts that are empty are left out.
      type: dict
      sample: {"city": "Sunnyvale", "country": "US"}
    custom_data:
      description: The data kept with it.
      type: dict
    project_ids:
      description: Ids of its projects that the token can see.
      type: list
      elements: str
"""

from ..module_utils._kinds.organization import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
