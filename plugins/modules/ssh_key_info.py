#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_key_info
short_description: Show SSH keys of the Packet API
version_added: 0.1.0
description:
  - Shows the public keys of a project, or of the user to whom the token belongs.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
  - packet.kubernetes._attributes.packet
  - packet.kubernetes._connection
options:
  project:
    description:
      - Name or id of the project whose keys are shown. If not set, they are those of the user to whom the
        token belongs.
    type: str
  labels:
    description:
      - Only keys with one of these labels or ids. One that does not exist is no error; it is not shown.
    type: list
    elements: str
seealso:
  - module: packet.kubernetes.ssh_key
"""

EXAMPLES = r"""
- name: List the keys of a project
  packet.kubernetes.ssh_key_info:
    project: kubernetes
  register: result

- name: Show who is let in
  ansible.builtin.debug:
    msg: "{{ result.ssh_keys | items2dict(key_name='label', value_name='fingerprint') }}"
"""

RETURN = r"""
ssh_keys:
  description: The keys.
  returned: success
  type: list
  elements: dict
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

from ..module_utils._kinds.ssh_key import SSH_KEYS
from ..module_utils._module import run_info


def main() -> None:
    """Runs the module."""
    run_info(SSH_KEYS)


if __name__ == "__main__":
    main()
