#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a machine's membership of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_join
short_description: Make a machine a node of a cluster
version_added: 0.1.0
description:
  - Runs C(kubeadm join) on a machine that is not a node yet.
  - A join that was interrupted is undone by C(kubeadm reset) and done again. The cluster's authorities in
    C(/etc/kubernetes/pki) stay where they are meanwhile.
  - Whether a machine is a whole node is read off the machine, the kubelet's certificate and whether it runs;
    of a control plane also its manifests, the readiness of its API server and what the cluster says of it.
  - A node whose kubelet stands still is not joined again. The kubelet is started.
  - Where the cluster still takes a machine of this name for alive, because it was reinstalled a moment ago,
    the join is tried again until the cluster has noticed.
  - A control plane that joins with O(etcd) given is first taken out of etcd, where it is still a member from
    before it was reinstalled or replaced. A member that is alive is never removed, and none is where etcd has
    no majority without it.
options:
  config:
    description:
      - kubeadm's C(JoinConfiguration), C(kubeadm.k8s.io/v1beta4), as text in YAML.
      - It is given to kubeadm in a file that only root can read and that is removed afterwards, since the
        token is in it. It is never logged.
    type: str
    required: true
  control_plane:
    description: Whether the machine shall be a control plane. The configuration has to say the same.
    type: bool
    default: false
  etcd:
    description:
      - Where etcd is, and how it may know this machine from before. For control planes with etcd on them.
      - Left out, a former member has to be removed by hand before the machine can join again.
    type: dict
    suboptions:
      endpoints:
        description: URLs of etcd on control planes that are whole, for example V(https://10.0.0.5:2379).
        type: list
        elements: str
        required: true
      name:
        description: The name of the machine as a node, and so as a member.
        type: str
        required: true
      address:
        description: The address of the machine to which the other members connect.
        type: str
        required: true
extends_documentation_fragment:
  - packet.kubernetes.kubeadm
  - packet.kubernetes.kubeadm.preflight
seealso:
  - module: packet.kubernetes.kubeadm_init
  - module: packet.kubernetes.kubeadm_reset
"""

EXAMPLES = r"""
- name: Join the worker
  packet.kubernetes.kubeadm_join:
    config: |
      apiVersion: kubeadm.k8s.io/v1beta4
      kind: JoinConfiguration
      discovery:
        bootstrapToken:
          apiServerEndpoint: 198.51.100.130:6443
          token: "{{ join_token }}"
          caCertHashes: ["{{ ca_hash }}"]

- name: Join the control plane, one machine after the other
  packet.kubernetes.kubeadm_join:
    config: "{{ lookup('ansible.builtin.template', 'join.yml.j2') }}"
    control_plane: true
    etcd:
      endpoints: [https://10.0.0.5:2379]
      name: "{{ inventory_hostname }}"
      address: 10.0.0.6
  throttle: 1
"""

RETURN = r"""
membership:
  description: The membership.
  returned: success
  type: dict
  contains:
    missing:
      description: What it lacks; in check mode none, as it would be after the run.
      returned: success
      type: list
      elements: str
    kubelet:
      description: Whether the kubelet runs, V(active) or V(inactive).
      returned: success
      type: str
"""

from ..module_utils._kubeadm.join import Membership
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(Membership, always="present")


if __name__ == "__main__":
    main()
