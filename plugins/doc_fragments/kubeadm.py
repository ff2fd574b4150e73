# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules which run kubeadm share."""

from __future__ import annotations


class ModuleDocFragment:
    """As Ansible wants it: a fragment per attribute."""

    DOCUMENTATION = r"""
options:
  timeout:
    description:
      - Seconds after which kubeadm is stopped, and seconds for which an API server is waited for. A next run
        goes on from there.
    type: int
    default: 300
attributes:
  check_mode:
    description: Looks at the machine and the cluster, and foretells what would be done without doing it.
    support: full
  diff_mode:
    description: Shows what is missing or what would be removed.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
requirements:
  - kubeadm and a running containerd on the machine, which M(packet.kubernetes.node) installs
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

    PREFLIGHT = r"""
options:
  ignore_preflight_errors:
    description: Checks of kubeadm by name whose errors shall be warnings.
    type: list
    elements: str
    default: []
"""
