#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: api_key_info
short_description: List API keys of the Packet API
version_added: 0.1.0
description:
  - Lists all API keys of the user to whom the token belongs, or of a project. Their tokens are not shown.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  project:
    description:
      - Name or id of the project whose keys are listed. If not set, they are the user's own.
    type: str
seealso:
  - module: packet.kubernetes.api_key
"""

EXAMPLES = r"""
- name: Look at my keys
  packet.kubernetes.api_key_info:
  register: result

- name: Show those that may change things
  ansible.builtin.debug:
    msg: "{{ result.api_keys | rejectattr('read_only') | map(attribute='description') }}"
"""

RETURN = r"""
api_keys:
  description:
    - The keys, as M(packet.kubernetes.api_key) shows one that exists.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 2b3c4d5e-6f70-4812-93a4-b5c6d7e8f901
    description:
      description: What it is for.
      type: str
      sample: backup
    read_only:
      description: Whether it is refused for changes.
      type: bool
      sample: true
    created_at:
      description: When it was made.
      type: str
      sample: "2026-11-21T19:00:00Z"
"""

from ..module_utils._kinds.api_key import INFO
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(INFO)


if __name__ == "__main__":
    main()
