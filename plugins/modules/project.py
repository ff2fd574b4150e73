#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: project
short_description: Manage projects of the Packet API
version_added: 0.1.0
description:
  - Creates, renames and removes projects, to which devices, SSH keys and addresses belong.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  name:
    description:
      - Name of the project, 1 to 80 characters. With O(id) it is the name that the project shall have.
    type: str
  id:
    description:
      - Id of a project that exists.
      - At least one of O(name) and O(id) is needed.
    type: str
  organization:
    description:
      - Name or id of the organization that a new project belongs to; the one that you have belonged to for
        longest, if not set. Cannot be changed later.
    type: str
  payment_method:
    description:
      - Name or id of one of the payment methods of the organization, by which the project is paid.
    type: str
  backend_transfer_enabled:
    description:
      - Whether the private networks of the project's facilities reach each other.
    type: bool
  custom_data:
    description:
      - Data of your own to be kept with the project. What is there is replaced as a whole.
    type: dict
  state:
    description:
      - Whether the project shall exist. The API refuses to remove one that is not empty.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Have a project
  packet.kubernetes.project:
    name: kubernetes
  register: result

- name: Have one in an organization
  packet.kubernetes.project:
    name: staging
    organization: Example
    custom_data:
      owner: team-a

- name: Rename the first
  packet.kubernetes.project:
    id: "{{ result.project.id }}"
    name: production
"""

RETURN = r"""
project:
  description: The project; without C(id) in check mode if it does not exist yet, null once it is removed.
  returned: success
  type: dict
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

from ..module_utils._kinds.project import Project
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(Project)


if __name__ == "__main__":
    main()
