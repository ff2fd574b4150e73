#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: bootstrap tokens."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bootstrap_token
short_description: Make and remove the tokens with which machines join a cluster
version_added: 0.1.0
description:
  - Keeps a bootstrap token, which is a Secret called C(bootstrap-token-<id>) in the namespace C(kube-system).
  - A token is known by its id, or else by its description; the description of a token that has ended counts
    for nothing.
  - A token that lasts for less than half of O(ttl) is prolonged to O(ttl), so whoever gets it can count on
    half of O(ttl) at least, and a second run soon after changes nothing.
  - B(The result holds the token, which is a secret.) Give the task C(no_log=true). The diff does not show it.
  - Where there is no file O(kubeconfig) yet, as in check mode before there is a cluster, there is no token.
options:
  kubeconfig:
    description: The kubeconfig of the cluster. Its user has to be allowed to manage Secrets in
      C(kube-system).
    type: path
    required: true
  token:
    description: The whole token, V(<id>.<secret>). Left out, a new one has a random secret.
    type: str
  token_id:
    description: The id alone, six of a-z and 0-9. Left out, a new token has a random one.
    type: str
  description:
    description: What the token is for. At least one of O(token), O(token_id) and this is needed.
    type: str
  ttl:
    description: For how long the token can be used, as V(24h) or V(1h30m). V(0) is for ever.
    type: str
    default: 24h
  groups:
    description: The groups of whoever shows the token. Each begins with C(system:bootstrappers:).
    type: list
    elements: str
    default: [system:bootstrappers:kubeadm:default-node-token]
  usages:
    description: What the token is good for.
    type: list
    elements: str
    choices: [signing, authentication]
    default: [signing, authentication]
  state:
    description: Whether the token shall be there.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - kubernetes
extends_documentation_fragment:
  - packet.kubernetes._attributes
seealso:
  - module: packet.kubernetes.ca
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Make a token for the machines that join in this run
  packet.kubernetes.bootstrap_token:
    kubeconfig: assets/kubeconfig
    description: joining workers
    ttl: 2h
  delegate_to: localhost
  no_log: true
  register: join

- name: Remove it
  packet.kubernetes.bootstrap_token:
    kubeconfig: assets/kubeconfig
    description: joining workers
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
bootstrap_token:
  description: The token. None with O(state=absent).
  returned: success
  type: dict
  contains:
    id:
      description: The id. Not in check mode for one that would be random.
      type: str
      sample: abcdef
    token:
      description: The whole token, B(a secret). Not in check mode for one that would be made.
      type: str
      sample: abcdef.0123456789abcdef
    description:
      description: What the token is for.
      type: str
      sample: joining workers
    groups:
      description: The groups of whoever shows the token.
      type: list
      elements: str
      sample: ["system:bootstrappers:kubeadm:default-node-token"]
    usages:
      description: What the token is good for.
      type: list
      elements: str
      sample: [signing, authentication]
    secret:
      description: V(as given) if it is the one in O(token), otherwise V(another).
      type: str
      sample: another
    expiry:
      description: V(current), or when the token ends if that is too soon.
      type: str
      sample: current
    ends:
      description: When the token ends, in UTC; none if it never does.
      type: str
      sample: "2026-11-21T12:15:00Z"
"""

from ..module_utils._kubeadm.bootstrap_tokens import BootstrapToken
from ..module_utils._module import run


def main() -> None:
    """Runs the module."""
    run(BootstrapToken)


if __name__ == "__main__":
    main()
