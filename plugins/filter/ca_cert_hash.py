# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the pin by which machines that join know an authority."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._pki.authorities import load_certificate
from ..module_utils._pki.keys import pin
from ..module_utils._pki.libraries import need
from ..module_utils._reconcile import ResourceError

DOCUMENTATION = r"""
name: ca_cert_hash
short_description: The pin of an authority, as kubeadm join takes it
version_added: 0.1.0
description:
  - Reads the certificate of an authority on the controller and gives the digest of its public key, in the
    form that C(kubeadm join --discovery-token-ca-cert-hash) takes.
  - The pin stays the same when the authority is renewed.
  - Needs the Python library cryptography on the controller.
options:
  _input:
    description: The path of the certificate, in PEM form.
    type: path
    required: true
seealso:
  - module: packet.kubernetes.ca
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Show the pin of a cluster's authority
  ansible.builtin.debug:
    msg: "{{ 'assets/pki/ca.crt' | packet.kubernetes.ca_cert_hash }}"
"""

RETURN = r"""
_value:
  description: C(sha256:) and the digest in hexadecimal.
  type: str
  sample: sha256:7c2e69131a36ae2a042a339b33381c6d0d43887e2de83720eff5359e26aec866
"""


def ca_cert_hash(path: object) -> str:
    """The filter itself."""
    if not isinstance(path, str):
        raise AnsibleFilterError(f"ca_cert_hash needs the path of a certificate, not {type(path).__name__}")
    try:
        need("cryptography")
        certificate = load_certificate(os.path.expanduser(path))
    except ResourceError as error:
        raise AnsibleFilterError(f"ca_cert_hash: {error}") from error
    if certificate is None:
        raise AnsibleFilterError(f"ca_cert_hash: there is no {path}; make it with module ca")
    return pin(certificate.public_key())


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"ca_cert_hash": ca_cert_hash}
