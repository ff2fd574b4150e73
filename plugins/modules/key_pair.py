#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: key pairs without a certificate."""

from __future__ import annotations

DOCUMENTATION = r"""
module: key_pair
short_description: Make and keep a key pair, as that of the service accounts
version_added: 0.1.0
description:
  - Makes a private key in C(<path>.key) and its public key in C(<path>.pub), the names that kubeadm expects
    for C(sa).
  - A private key that exists is never replaced. A public key that is missing is derived from it; one that
    belongs to another key is an error.
  - The private key has mode V(0600), the public one V(0644), directories that are made V(0700).
options:
  path:
    description: The path of the two files without extension.
    type: path
    required: true
  key_type:
    description:
      - The type of the key. Left out, what exists is taken as it is, and a new one is V(rsa-2048), which is
        what kubeadm makes and the only kind that every verifier of service account tokens has to
        understand.
    type: str
    choices: [ecdsa-p256, rsa-2048, rsa-4096]
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._pki
  - packet.kubernetes._pki.state
seealso:
  - module: packet.kubernetes.ca
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Make the key that signs service account tokens
  packet.kubernetes.key_pair:
    path: assets/pki/sa
  delegate_to: localhost
"""

RETURN = r"""
key_pair:
  description: What is there. None with O(state=absent).
  returned: success
  type: dict
  contains:
    key_type:
      description: The type of the key.
      type: str
      sample: rsa-2048
    public_key:
      description: Whether the public key belongs to the private one.
      type: str
      sample: matches the private key
    private_path:
      description: The private key's file.
      type: str
      sample: assets/pki/sa.key
    public_path:
      description: The public key's file.
      type: str
      sample: assets/pki/sa.pub
    private_mode:
      description: The mode of the private key's file.
      type: str
      sample: "0600"
    public_mode:
      description: The mode of the public key's file.
      type: str
      sample: "0644"
"""

from ..module_utils._module import run
from ..module_utils._pki.key_pairs import KeyPair


def main() -> None:
    """Runs the module."""
    run(KeyPair)


if __name__ == "__main__":
    main()
