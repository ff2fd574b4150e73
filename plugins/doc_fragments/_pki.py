# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules for keys and certificates share."""

from __future__ import annotations


class ModuleDocFragment:
    """As Ansible wants it: a fragment per attribute."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - cryptography >= 42
"""

    STATE = r"""
options:
  state:
    description: Whether the files shall be there.
    type: str
    choices: [present, absent]
    default: present
"""

    LEAF = r"""
options:
  ca:
    description:
      - The authority, as the path without extension of its C(.crt) and C(.key).
      - It need not be there yet in check mode, as a task before this one may be about to make it.
    type: path
    required: true
  key_type:
    description: The type of the key. Left out, what exists is taken as it is, and a new one is V(ecdsa-p256).
    type: str
    choices: [ecdsa-p256, rsa-2048, rsa-4096]
  days:
    description: For how many days a certificate is issued, though no longer than its authority lasts.
    type: int
    default: 365
  renew_before:
    description: How many days before its end a certificate is issued anew. Less than O(days).
    type: int
    default: 60
"""
