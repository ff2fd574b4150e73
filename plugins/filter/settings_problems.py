# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what is wrong with a cluster's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._settings import problems

DOCUMENTATION = r"""
name: settings_problems
short_description: What is wrong with a cluster's settings
version_added: 0.1.0
description:
  - Applies the rules that settings have to keep together, such as ranges that must not overlap, and gives a
    sentence for each that is broken. Each names the setting, its value and what is allowed.
  - Numbers may be given as text, as they come from C(ansible-playbook -e).
options:
  _input:
    description: The settings.
    type: dict
    required: true
    suboptions:
      cluster_name:
        description: The name of the cluster, a DNS label of 40 characters at most.
        type: str
        required: true
      version:
        description: The version of Kubernetes, as v1.36.3.
        type: str
        required: true
      supported_versions:
        description: The versions that are known to work. Others of the same minor versions are allowed too.
        type: list
        elements: str
      control_planes:
        description: How many control planes there are; 1, 3, 5 or 7.
        type: int
        required: true
      workers:
        description: How many workers there are.
        type: int
        required: true
      endpoint:
        description: The address or DNS name of the API server.
        type: str
      api_port:
        description: The port of the API server.
        type: int
        required: true
      dns_domain:
        description: The domain of the cluster's DNS.
        type: str
        required: true
      pod_cidr:
        description: The range of the pods, of which each node gets a /24.
        type: str
        required: true
      service_cidr:
        description: The range of the Services.
        type: str
        required: true
      node_networks:
        description: The ranges of the nodes' addresses. Left out, C(10.0.0.0/8), as on Packet.
        type: list
        elements: str
      ca_days:
        description: For how many days authorities are valid.
        type: int
        required: true
      kubeconfig_days:
        description: For how many days the administrator's certificate is valid, more than 60.
        type: int
        required: true
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Refuse settings that cannot work
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('; ') }}"
  vars:
    problems: "{{ settings | packet.kubernetes.settings_problems }}"
    settings:
      cluster_name: prod
      version: v1.36.3
      control_planes: 3
      workers: 4
      api_port: 6443
      dns_domain: cluster.local
      pod_cidr: 172.26.0.0/16
      service_cidr: 172.25.0.0/16
      ca_days: 3650
      kubeconfig_days: 365
"""

RETURN = r"""
_value:
  description: A sentence for each problem; empty if there is none.
  type: list
  elements: str
  sample: ["control_planes is 2; allowed are 1, 3, 5 and 7, because etcd needs a majority"]
"""


def settings_problems(settings: object) -> list[str]:
    """The filter itself."""
    if not isinstance(settings, Mapping):
        raise AnsibleFilterError(f"settings_problems needs a dictionary, not {type(settings).__name__}")
    return problems(settings)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"settings_problems": settings_problems}
