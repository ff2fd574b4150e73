#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: project_info
short_description: Show projects of the Packet API
version_added: 0.1.0
description:
  - Shows the projects that the token can see, all of them or those that are named.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  names:
    description:
      - Only projects with one of these names or ids. One that does not exist is no error; it is not shown.
    type: list
    elements: str
seealso:
  - module: packet.kubernetes.project
"""

EXAMPLES = r"""
- name: List all projects
  packet.kubernetes.project_info:
  register: result

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ result.projects | map(attribute='name') }}"

- name: Look for a project
  packet.kubernetes.project_info:
    names:
      - kubernetes
  register: result

- name: Go on only if it exists
  ansible.builtin.assert:
    that: result.projects | length == 1
"""

RETURN = r"""
projects:
  description: The projects.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 4d4e2f1e-7f1d-4fd4-9c60-94a0b5e9d0a1
    name:
      description: Its name.
      type: str
      sample: kubernetes
    organization_id:
      description: Id of its organization.
      type: str
      sample: 7a1f0c52-90b4-4c31-8c2e-3f6d7b1e5a90
    payment_method_id:
      description: Id of the payment method by which it is paid.
      type: str
    backend_transfer_enabled:
      description: Whether the private networks of its facilities reach each other.
      type: bool
    custom_data:
      description: The data kept with it.
      type: dict
"""

from ..module_utils._kinds.project import PROJECTS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(PROJECTS)


if __name__ == "__main__":
    main()
