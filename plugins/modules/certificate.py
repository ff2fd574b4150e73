#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: certificates issued by an authority on disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate
short_description: Issue a certificate from an authority on disk, and renew it in time
version_added: 0.1.0
description:
  - Keeps a certificate in C(<path>.crt) and its key in C(<path>.key), issued by an authority that
    M(packet.kubernetes.ca) made.
  - It is issued anew, with a new key, if its names, addresses, usages, key type or authority are not those
    asked for, if its key is missing or another's, or if it ends within O(renew_before) days. The diff says
    which of these it is.
  - A certificate never outlives its authority.
  - The key has mode V(0600), the certificate V(0644), directories that are made V(0700).
options:
  path:
    description: The path of the two files without extension.
    type: path
    required: true
  common_name:
    description: The common name; for Kubernetes the name of the user.
    type: str
    required: true
  organizations:
    description: The organizations; for Kubernetes the groups of the user.
    type: list
    elements: str
    default: []
  dns_names:
    description: The DNS names that a server answers to.
    type: list
    elements: str
    default: []
  ip_addresses:
    description: The IPv4 and IPv6 addresses that a server answers to.
    type: list
    elements: str
    default: []
  usages:
    description: What the certificate is for.
    type: list
    elements: str
    choices: [client, server]
    default: [client]
extends_documentation_fragment:
  - packet.kubernetes._attributes
  - packet.kubernetes._pki
  - packet.kubernetes._pki.leaf
  - packet.kubernetes._pki.state
seealso:
  - module: packet.kubernetes.ca
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Issue a certificate for a server
  packet.kubernetes.certificate:
    path: assets/pki/registry
    ca: assets/pki/ca
    common_name: registry
    dns_names: [registry.example.com]
    ip_addresses: [192.0.2.20]
    usages: [server]
  delegate_to: localhost
"""

RETURN = r"""
certificate:
  description: What is there. None with O(state=absent).
  returned: success
  type: dict
  contains:
    common_name:
      description: The common name in the subject.
      type: str
      sample: registry
    organizations:
      description: The organizations in the subject.
      type: list
      elements: str
    dns_names:
      description: The DNS names.
      type: list
      elements: str
      sample: [registry.example.com]
    ip_addresses:
      description: The addresses.
      type: list
      elements: str
      sample: [192.0.2.20]
    usages:
      description: What the certificate is for.
      type: list
      elements: str
      sample: [server]
    key_type:
      description: The type of the key.
      type: str
      sample: ecdsa-p256
    issuer:
      description: The authority's name and the pin of its key.
      type: str
      sample: kubernetes sha256:7c2e69131a36ae2a042a339b33381c6d0d43887e2de83720eff5359e26aec866
    key:
      description: Whether the key belongs to the certificate.
      type: str
      sample: matches the certificate
    certificate:
      description: V(current), or why it is not.
      type: str
      sample: current
    ends:
      description: When the certificate ends, in UTC. Not in check mode for one that would be issued.
      type: str
      sample: "2027-11-21T10:15:00Z"
    certificate_path:
      description: The certificate's file.
      type: str
      sample: assets/pki/registry.crt
    key_path:
      description: The key's file.
      type: str
      sample: assets/pki/registry.key
    key_mode:
      description: The mode of the key's file.
      type: str
      sample: "0600"
    certificate_mode:
      description: The mode of the certificate's file.
      type: str
      sample: "0644"
"""

from ..module_utils._module import run
from ..module_utils._pki.certificates import LeafCertificate


def main() -> None:
    """Runs the module."""
    run(LeafCertificate)


if __name__ == "__main__":
    main()
