#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_key
short_description: Manage SSH keys of the Packet API
version_added: 0.1.0
description:
  - Creates, changes and removes public SSH keys, of a project or of the user to whom the token belongs.
  - A device lets in the keys that were there when it was made.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  label:
    description:
      - Name of the key. The key is known by it or, if no key has this label, by O(key); it is then given this
        label.
    type: str
    required: true
  key:
    description:
      - The public key in the form of OpenSSH. Its comment does not count in comparisons.
      - This or O(key_file) is required with O(state=present).
    type: str
  key_file:
    description:
      - File of the public key, on the machine where the module runs.
      - It need not be there yet in check mode, as a task before this one may be about to make it.
    type: path
  project:
    description:
      - Name or id of the project to which the key belongs. If not set, the key is the user's own.
    type: str
  state:
    description:
      - Whether the key shall exist.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Let me into the devices of a project
  packet.kubernetes.ssh_key:
    project: kubernetes
    label: me
    key_file: ~/.ssh/id_ed25519.pub

- name: Remove a key of my own
  packet.kubernetes.ssh_key:
    label: old notebook
    state: absent
"""

RETURN = r"""
ssh_key:
  description: >-
    The key; without C(id) and C(fingerprint) in check mode if it does not exist yet, null once removed.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 084a5dec-30be-415a-8937-9c615932e459
    label:
      description: Its name.
      type: str
      sample: me
    key:
      description: The public key.
      type: str
      sample: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDmZ me
    fingerprint:
      description: What identifies the key, as the API writes it.
      type: str
      sample: 6c:de:c9:8f:4d:2b:6c:52:4f:f5:1d:1a:4d:1e:3f:ab
"""

from ..module_utils._kinds.ssh_key import SshKey
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(SshKey)


if __name__ == "__main__":
    main()
