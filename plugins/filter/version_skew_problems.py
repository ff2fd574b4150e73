# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: whether a cluster may be brought to a version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._versions import skew_problems

DOCUMENTATION = r"""
name: version_skew_problems
short_description: Whether a cluster may be brought to a version of Kubernetes
version_added: 0.1.0
description:
  - Applies Kubernetes' rules on versions that run beside each other, and kubeadm's on upgrades, and gives a
    sentence for each that is broken. Control planes go one minor version at a time and never back; kubelets
    are never newer than any API server, and at most three minor versions older.
positional: control_planes, kubelets
options:
  _input:
    description: The version that the cluster shall have, as V(v1.36.3).
    type: str
    required: true
  control_planes:
    description: The versions of the API servers that run now; empty for a cluster that is about to be made.
    type: list
    elements: str
    default: []
  kubelets:
    description: The versions of the kubelets that run now.
    type: list
    elements: str
    default: []
notes:
  - The rules are at U(https://kubernetes.io/releases/version-skew-policy/).
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Refuse a version that cannot follow
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('; ') }}"
  vars:
    problems: "{{ 'v1.36.3' | packet.kubernetes.version_skew_problems(['v1.35.4'], ['v1.35.4', 'v1.33.0']) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each problem; empty if there is none.
  type: list
  elements: str
  sample: ["kubelets has v1.32.0, more than 3 minor versions behind v1.36.3; bring these nodes up first"]
"""


def version_skew_problems(
    target: object, control_planes: Sequence[Any] = (), kubelets: Sequence[Any] = ()
) -> list[str]:
    """The filter itself."""
    for name, versions in (("control_planes", control_planes), ("kubelets", kubelets)):
        if isinstance(versions, str) or not isinstance(versions, Sequence):
            raise AnsibleFilterError(
                f"version_skew_problems: {name} must be a list of versions, not {type(versions).__name__}"
            )
    return skew_problems(target, control_planes, kubelets)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"version_skew_problems": version_skew_problems}
