#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: certificate authorities."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ca
short_description: Make and keep the certificate authorities of a cluster
version_added: 0.1.0
description:
  - Makes certificate authorities as files that kubeadm uses as they are, C(<name>.crt) and C(<name>.key) in
    one directory.
  - An authority that exists is kept. Its key is never replaced, and its certificate only if O(renew=true)
    and its end is near; the key stays the same, so everything the authority issued remains valid, and so
    does its pin.
  - Files are written whole or not at all, the key before the certificate. A key without its certificate, as
    an interruption leaves it, is given one by the next run. A certificate without its key and a pair that
    does not belong together are errors, and neither file is touched.
  - Keys have mode V(0600), certificates V(0644), directories that are made V(0700).
  - Warns if an authority ends within O(renew_before) days.
options:
  directory:
    description: Where the authorities are kept. It is made if it is not there.
    type: path
    required: true
  name:
    description:
      - The file name without extension, below O(directory). kubeadm knows V(ca), V(front-proxy-ca) and
        V(etcd/ca).
      - Either this or O(authorities) is needed.
    type: str
  common_name:
    description:
      - The common name of the authority O(name).
      - Of a new one the default is what kubeadm would take, V(kubernetes) for V(ca), V(etcd-ca) for
        V(etcd/ca), the name itself otherwise.
    type: str
  authorities:
    description: Several authorities in one task, which is quicker than a task for each.
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(name).
        type: str
        required: true
      common_name:
        description: As O(common_name).
        type: str
  organization:
    description: The organization in the subject of each authority. Left out, there is none in a new one.
    type: str
  key_type:
    description:
      - The type of the key. Left out, what exists is taken as it is, and a new one is V(ecdsa-p256).
      - It is the default because RSA of 2048 bits is deprecated after 2030, within the life of an authority
        made today, and because it is made in no time.
    type: str
    choices: [ecdsa-p256, rsa-2048, rsa-4096]
  days:
    description: For how many days a new certificate is valid. An existing one is neither shortened nor
      prolonged by this.
    type: int
    default: 3650
  renew:
    description: Whether to renew the certificate of an authority that ends within O(renew_before) days or
      has ended.
    type: bool
    default: false
  renew_before:
    description: How many days before its end an authority is warned of, or renewed with O(renew=true). Less
      than O(days).
    type: int
    default: 180
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._pki
  - packet.kubernetes._pki.state
seealso:
  - module: packet.kubernetes.certificate
  - module: packet.kubernetes.key_pair
  - module: packet.kubernetes.kubeconfig
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Make the three authorities of a cluster
  packet.kubernetes.ca:
    directory: assets/pki
    authorities:
      - name: ca
      - name: front-proxy-ca
      - name: etcd/ca
  delegate_to: localhost
  register: pki

- name: Show what kubeadm join takes as --discovery-token-ca-cert-hash
  ansible.builtin.debug:
    msg: "{{ pki.ca.ca.discovery_hash }}"

- name: Renew an authority whose end is near
  packet.kubernetes.ca:
    directory: assets/pki
    name: ca
    renew: true
  delegate_to: localhost
"""

RETURN = r"""
ca:
  description: The authorities by their names. Empty with O(state=absent).
  returned: success
  type: dict
  contains:
    common_name:
      description: The common name in the subject.
      type: str
      sample: kubernetes
    organization:
      description: The organization in the subject.
      type: str
    key_type:
      description: The type of the key.
      type: str
      sample: ecdsa-p256
    certificate:
      description: V(current), or why it is not.
      type: str
      sample: current
    ends:
      description: When the certificate ends, in UTC. Not in check mode for one that would be made.
      type: str
      sample: "2036-11-18T10:15:00Z"
    discovery_hash:
      description:
        - The pin of the public key, as C(kubeadm join --discovery-token-ca-cert-hash) takes it.
        - Not in check mode for an authority that would be made.
      type: str
      sample: sha256:7c2e69131a36ae2a042a339b33381c6d0d43887e2de83720eff5359e26aec866
    certificate_path:
      description: The certificate's file.
      type: str
      sample: assets/pki/ca.crt
    key_path:
      description: The key's file.
      type: str
      sample: assets/pki/ca.key
    key_mode:
      description: The mode of the key's file.
      type: str
      sample: "0600"
    certificate_mode:
      description: The mode of the certificate's file.
      type: str
      sample: "0644"
"""

from ..module_utils._module import run_fleet
from ..module_utils._pki.authorities import Authorities


def main() -> None:
    """Runs the module."""
    run_fleet(Authorities)


if __name__ == "__main__":
    main()
