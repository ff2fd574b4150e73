#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a machine without any cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_reset
short_description: Remove all that a cluster has left on a machine
version_added: 0.1.0
description:
  - Runs C(kubeadm reset), then removes what it leaves behind, the files in C(/etc/kubernetes), the
    configuration and state of the pod network, its links and its rules in the packet filter.
  - On a control plane this destroys etcd's data. On the last one that is the end of the cluster.
extends_documentation_fragment:
  - packet.kubernetes.kubeadm
seealso:
  - module: packet.kubernetes.kubeadm_init
  - module: packet.kubernetes.kubeadm_join
"""

EXAMPLES = r"""
- name: Undo what kubeadm did
  packet.kubernetes.kubeadm_reset:
"""

RETURN = r"""
remains:
  description: What a cluster has left on the machine; after the removal nothing.
  returned: success
  type: dict
"""

from ..module_utils._kubeadm.reset import Remains
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(Remains, always="absent")


if __name__ == "__main__":
    main()
