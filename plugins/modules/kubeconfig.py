#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: kubeconfigs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeconfig
short_description: Write a kubeconfig with everything it needs inside
version_added: 0.1.0
description:
  - Keeps a kubeconfig of one cluster, one user and one context, with the authority's certificate and a
    client certificate embedded.
  - The client certificate is issued for this file by the authority, and renewed before its end; or it is
    one that M(packet.kubernetes.certificate) keeps, given as O(client).
  - The file is compared by what it says, not by its text. It holds a private key, so its mode is V(0600),
    and no diff and no result shows more of its certificates than what they say.
  - A file that holds other clusters or users as well is never replaced.
options:
  path:
    description: The kubeconfig.
    type: path
    required: true
  server:
    description: The URL of the API server, with V(https).
    type: str
    required: true
  cluster_name:
    description: The name of the cluster in the file.
    type: str
    default: kubernetes
  user:
    description: The name of the user in the file. The context is called C(<user>@<cluster_name>).
    type: str
    default: kubernetes-admin
  client:
    description:
      - The client certificate and key to embed, as the path without extension of C(<client>.crt) and
        C(<client>.key).
      - Left out, a certificate is issued by O(ca).
    type: path
  common_name:
    description: The common name of the issued certificate, by which the API server knows the user. The
      default is O(user).
    type: str
  organizations:
    description:
      - The groups of the user in the issued certificate.
      - kubeadm binds V(kubeadm:cluster-admins) to the role of administrators; V(system:masters) is above
        all rules and cannot be taken back, so keep it for emergencies.
    type: list
    elements: str
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._pki
  - packet.kubernetes._pki.leaf
  - packet.kubernetes._pki.state
seealso:
  - module: packet.kubernetes.ca
  - module: packet.kubernetes.certificate
requirements:
  - PyYAML
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Write the kubeconfig of the administrators
  packet.kubernetes.kubeconfig:
    path: assets/kubeconfig
    server: https://192.0.2.10:6443
    cluster_name: prod
    ca: assets/pki/ca
    organizations: [kubeadm:cluster-admins]
  delegate_to: localhost
"""

RETURN = r"""
kubeconfig:
  description: What the file says, without any key. None with O(state=absent).
  returned: success
  type: dict
  contains:
    path:
      description: The file.
      type: str
      sample: assets/kubeconfig
    server:
      description: The URL of the API server.
      type: str
      sample: https://192.0.2.10:6443
    cluster:
      description: The name of the cluster.
      type: str
      sample: prod
    user:
      description: The name of the user.
      type: str
      sample: kubernetes-admin
    ca_fingerprint:
      description: The SHA-256 digest of the authority's certificate.
      type: str
    client_fingerprint:
      description: The SHA-256 digest of the client certificate.
      returned: with O(client)
      type: str
    common_name:
      description: The common name of the client certificate.
      returned: without O(client)
      type: str
      sample: kubernetes-admin
    organizations:
      description: The groups of the user.
      returned: without O(client)
      type: list
      elements: str
      sample: ["kubeadm:cluster-admins"]
    ends:
      description: When the client certificate ends, in UTC.
      returned: without O(client), and not in check mode for one that would be issued
      type: str
      sample: "2027-11-21T10:15:00Z"
    mode:
      description: The mode of the file.
      type: str
      sample: "0600"
"""

from ..module_utils._module import run
from ..module_utils._pki.kubeconfigs import Kubeconfig


def main() -> None:
    """Runs the module."""
    run(Kubeconfig)


if __name__ == "__main__":
    main()
