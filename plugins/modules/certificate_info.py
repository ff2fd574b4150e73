#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: when a machine's certificates end; the work is done by the action of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_info
short_description: Learn what certificates a machine holds, and when they end
version_added: 0.1.0
description:
  - Looks through files and folders of a machine for certificates in PEM form, and for those inside
    kubeconfigs; by default everything that kubeadm and the kubelet keep.
  - Asks by one shell command over the connection. The machine needs no Python library for it, the controller
    needs C(cryptography). Nothing but certificates leaves the machine, also from files that hold a private
    key too.
extends_documentation_fragment:
  - packet.kubernetes._attributes.info
options:
  paths:
    description:
      - Files, and folders that are searched for files named C(*.crt), C(*.pem), C(*.conf) and
        C(*.kubeconfig).
      - What is not there is no error, as machines of a cluster hold different ones. Those that a kubelet has
        replaced already are left out.
    type: list
    elements: str
    default: [/etc/kubernetes, /var/lib/kubelet/pki]
  due_within:
    description:
      - Certificates that end within so many days are told as due.
    type: int
    default: 30
requirements:
  - cryptography (on the controller)
seealso:
  - module: packet.kubernetes.certificate
  - module: packet.kubernetes.kubeconfig
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: See when the certificates of the machine end
  packet.kubernetes.certificate_info:
    due_within: 60
  become: true
  register: held

- name: None ends within 60 days
  ansible.builtin.assert:
    that: not held.due
    fail_msg: "Renew (kubeadm certs renew all): {{ held.due | join(', ') }}"

- name: Look at the authorities on the controller
  packet.kubernetes.certificate_info:
    paths: [pki]
  delegate_to: localhost
"""

RETURN = r"""
certificates:
  description: The certificates, those that end first before the others.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file that holds it.
      type: str
      sample: /etc/kubernetes/pki/apiserver.crt
    field:
      description: In which field of a kubeconfig it is; null in a file of certificates.
      type: str
      sample: client-certificate-data
    common_name:
      description: Whom it is for; to Kubernetes, the name of the user.
      type: str
      sample: kube-apiserver
    organizations:
      description: Its organizations; to Kubernetes, the groups of the user.
      type: list
      elements: str
      sample: []
    issuer:
      description: The common name of the authority that issued it.
      type: str
      sample: kubernetes
    authority:
      description: Whether it may sign others.
      type: bool
    dns_names:
      description: The names that it is valid for.
      type: list
      elements: str
      sample: [kubernetes, kubernetes.default]
    ip_addresses:
      description: The addresses that it is valid for.
      type: list
      elements: str
      sample: [172.25.0.1]
    usages:
      description: What it may be used for, V(client), V(server), or object identifiers of other usages.
      type: list
      elements: str
      sample: [server]
    not_before:
      description: When it begins, in UTC.
      type: str
      sample: "2026-01-01T00:00:00Z"
    not_after:
      description: When it ends, in UTC.
      type: str
      sample: "2027-01-01T00:00:00Z"
    days_left:
      description: How many whole days are left; negative for one that has ended.
      type: int
      sample: 364
    due:
      description: Whether it ends within O(due_within).
      type: bool
    fingerprint:
      description: The SHA-256 digest of the whole certificate in hexadecimal.
      type: str
      sample: 6f0f57a3dcd1b1e6f2bb64ad5a4b1ea2ab1be2f52b6bd5d0d7ef25e6f4b1dc31
due:
  description: The files with certificates that are due.
  returned: success
  type: list
  elements: str
  sample: []
"""
