#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: user_info
short_description: Show users of the Packet API
version_added: 0.1.0
description:
  - Shows the user to whom the token belongs, or all users that share an organization with it.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  everyone:
    description:
      - Whether to show all users that the token can see, rather than the one to whom it belongs.
    type: bool
    default: false
  search:
    description:
      - All users that the token can see with this in their name or e-mail address.
    type: str
"""

EXAMPLES = r"""
- name: See whose token it is
  packet.kubernetes.user_info:
  register: result

- name: Show the name
  ansible.builtin.debug:
    msg: "{{ result.users[0].full_name }}"

- name: Look for a colleague
  packet.kubernetes.user_info:
    search: ada@example.org
"""

RETURN = r"""
users:
  description:
    - The users. Of one to whom the token does not belong the API tells only the name, the e-mail address and
      the time zone.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: c569a0b8-1a3e-4b0a-8a29-8d7c9ee0c8d5
    full_name:
      description: First and last name.
      type: str
      sample: Ada Lovelace
    first_name:
      description: First name.
      type: str
      sample: Ada
    last_name:
      description: Last name.
      type: str
      sample: Lovelace
    email:
      description: E-mail address.
      type: str
      sample: ada@example.org
    phone_number:
      description: Telephone number.
      type: str
    timezone:
      description: Where their clock goes.
      type: str
      sample: Europe/London
    two_factor_auth:
      description: How they prove who they are besides the password, null where they do not.
      type: str
    custom_data:
      description: The data kept with the user.
      type: dict
    default_organization_id:
      description: Id of the organization in which their new projects are made.
      type: str
      sample: 9f6f5a3c-6f0e-4b67-8f0c-2e3a3b6f4d11
    created_at:
      description: Since when the user is known.
      type: str
      sample: "2026-11-20T12:00:00Z"
"""

from ..module_utils._kinds.user import USERS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(USERS)


if __name__ == "__main__":
    main()
