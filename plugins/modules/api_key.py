#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: api_key
short_description: Manage API keys of the Packet API
version_added: 0.1.0
description:
  - Creates and removes API keys (tokens), of the user to whom the token belongs or of a project, which is
    then all that they reach.
  - A key is known by its description. The API never changes a key; to have another, have it made anew with
    O(replace=true).
notes:
  - The token is in the result of the task that makes the key, and nowhere ever after. Keep it at once, and
    set C(no_log) for the task, as the result is printed otherwise with C(-v).
  - Where runs make the same key at the same time, one of them is told its token. A key whose token nobody was
    told, as the answer was lost, is there all the same; remove it and make it anew.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  description:
    description:
      - What the key is for. By this it is known, so it is an error if several have it; O(id) then tells them
        apart.
      - At least one of O(description) and O(id) is needed, and O(description) to make a key.
    type: str
  id:
    description:
      - Id of a key that exists.
    type: str
  read_only:
    description:
      - Whether the key is refused for changes. It cannot be changed later, unless O(replace=true).
      - If not set, a key that exists is taken as it is, and one that is made may change things.
    type: bool
  project:
    description:
      - Name or id of the project that the key is for. If not set, the key is the user's own.
    type: str
  replace:
    description:
      - Whether a key is removed and made anew, with another token, where O(read_only) differs. Without, that
        is an error. The former token ends at once, so it must not be that of the task itself.
      - The key has to be known by its O(description), not by O(id).
    type: bool
    default: false
  state:
    description:
      - Whether the key shall exist. One that is removed ends at once.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: packet.kubernetes.api_key_info
"""

EXAMPLES = r"""
- name: Have a key that can only read
  packet.kubernetes.api_key:
    project: kubernetes
    description: monitoring
    read_only: true
  register: result
  no_log: true

- name: Keep its token when it is new
  ansible.builtin.copy:
    content: "{{ result.api_key.token }}"
    dest: ~/monitoring.token
    mode: "0600"
  when: result.api_key.token is defined
  no_log: true

- name: Remove a key of my own
  packet.kubernetes.api_key:
    description: old notebook
    state: absent
"""

RETURN = r"""
api_key:
  description:
    - The key; without C(id) in check mode if it does not exist yet, null once it is removed.
  returned: success
  type: dict
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
    token:
      description: The token itself, a secret.
      returned: when the key is made, and never again
      type: str
"""

from ..module_utils._kinds.api_key import ApiKey
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(ApiKey)


if __name__ == "__main__":
    main()
