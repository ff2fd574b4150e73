#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the first control plane of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_init
short_description: Make the first control plane of a cluster
version_added: 0.1.0
description:
  - Runs C(kubeadm init) where there is no control plane yet, and completes one that an interruption left
    unfinished. Certificates, keys and etcd's data that are there are kept in any case.
  - Whether a control plane is whole is read off the machine and the cluster, the files of kubeadm, the
    readiness of the API server on this machine and what kubeadm leaves in the cluster.
  - A whole control plane whose API server is not ready in time is an error that says where to look. Nothing
    is changed then.
options:
  config:
    description:
      - kubeadm's configuration, C(kubeadm.k8s.io/v1beta4), as text in YAML.
      - It is given to kubeadm in a file that only root can read and that is removed afterwards.
    type: str
    required: true
  skip_phases:
    description:
      - Phases of C(kubeadm init) that are left out, such as V(addon/kube-proxy). What they would leave in the
        cluster is not missed then. The field C(skipPhases) of the configuration is no substitute.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - packet.kubernetes.kubeadm
  - packet.kubernetes.kubeadm.preflight
seealso:
  - module: packet.kubernetes.kubeadm_join
  - module: packet.kubernetes.kubeadm_reset
"""

EXAMPLES = r"""
- name: Make the first control plane
  packet.kubernetes.kubeadm_init:
    config: |
      apiVersion: kubeadm.k8s.io/v1beta4
      kind: ClusterConfiguration
      kubernetesVersion: v1.36.3
      controlPlaneEndpoint: 198.51.100.130:6443
      networking:
        podSubnet: 172.26.0.0/16
        serviceSubnet: 172.25.0.0/16

- name: Leave kube-proxy to the network add-on
  packet.kubernetes.kubeadm_init:
    config: "{{ lookup('ansible.builtin.template', 'init.yml.j2') }}"
    skip_phases: [addon/kube-proxy]
"""

RETURN = r"""
control_plane:
  description: The control plane.
  returned: success
  type: dict
  contains:
    missing:
      description: What it lacks; in check mode none, as it would be after the run.
      returned: success
      type: list
      elements: str
"""

from ..module_utils._kubeadm.init import ControlPlane
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(ControlPlane, always="present")


if __name__ == "__main__":
    main()
