#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: what a machine is; the work is done by the action of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_facts
short_description: Learn what a machine is and how far it belongs to a cluster
version_added: 0.1.0
description:
  - Asks the machine by one shell command over the connection, which needs no Python there and takes a tenth
    of a second. Sets the fact C(packet_node).
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is nothing to show.
    support: none
  facts:
    description: Sets the fact C(packet_node).
    support: full
seealso:
  - module: packet.kubernetes.node
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Learn what the machine is
  packet.kubernetes.node_facts:

- name: Show whether it belongs to a cluster
  ansible.builtin.debug:
    msg: "{{ packet_node.hostname }}: {{ packet_node.joined | ternary('joined', 'not joined') }}"
"""

RETURN = r"""
ansible_facts:
  description: The facts.
  returned: success
  type: dict
  contains:
    packet_node:
      description: What the machine is.
      returned: success
      type: dict
      contains:
        architecture:
          description: The name by which downloads call the architecture.
          type: str
          returned: success
          sample: amd64
        container:
          description: Whether the machine is a container on another machine's kernel.
          type: bool
          returned: success
        cgroup_version:
          description: The version of control groups, V(1) or V(2).
          type: int
          returned: success
        cap_sys_resource:
          description: Whether root may raise limits and scores. In a container it may be kept from it.
          type: bool
          returned: success
        memory_mib:
          description: The memory in MiB, within the limit of its control group.
          type: int
          returned: success
        cpus:
          description: How many processors are there.
          type: int
          returned: success
        os_id:
          description: The distribution.
          type: str
          returned: success
          sample: debian
        os_version_id:
          description: The release of the distribution.
          type: str
          returned: success
          sample: "12"
        hostname:
          description: The host name.
          type: str
          returned: success
        kubelet:
          description: The kubelet.
          type: dict
          returned: success
          contains:
            active:
              description: Whether it runs.
              type: bool
              returned: success
            configured:
              description: Whether kubeadm has written its configuration, without which it cannot run.
              type: bool
              returned: success
            version:
              description: Its version; empty where there is none.
              type: str
              returned: success
              sample: v1.36.3
        initialised:
          description: Whether the machine holds a control plane whose API server is ready.
          type: bool
          returned: success
        joined:
          description: Whether the machine has credentials of a cluster and its kubelet runs.
          type: bool
          returned: success
        addresses:
          description: The addresses of the machine, without the loopback's own.
          type: list
          elements: str
          returned: success
"""
