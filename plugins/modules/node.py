#!/usr/bin/python
# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the wanted state of a machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node
short_description: Bring a machine to its wanted state in one task
version_added: 0.1.0
description:
  - Takes the whole wanted state of a machine, files, programs, archives, kernel modules, settings of the
    kernel, packages and units, and makes it so.
  - First looks at the machine by one shell command over the connection, which needs no Python there. Where
    nothing differs that is all, one round trip. Otherwise the module is sent, with only what differs.
  - What is compared is the machine itself, never a memory of an earlier run. A run that was interrupted is
    completed by the next one.
  - Things are done in the order in which the options are listed here, units last.
  - Files are written whole or not at all. Missing directories above them are made.
attributes:
  check_mode:
    description: Foretells what would change without changing anything.
    support: full
  diff_mode:
    description: Shows the text of files that change, and of everything else the attributes that differ.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
options:
  absent:
    description: Paths where nothing shall be. Directories go with all that is in them.
    type: list
    elements: str
    default: []
  packages:
    description: Packages that shall be installed, by apt. What is installed is never upgraded.
    type: list
    elements: str
    default: []
  directories:
    description: Directories that shall be there, whatever is in them.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The absolute path.
        type: str
        required: true
      owner: &owner
        description: Name or number of the user it belongs to.
        type: str
        default: root
      group: &group
        description: Name or number of the group it belongs to.
        type: str
        default: root
      mode:
        description: Four octal digits, quoted.
        type: str
        default: "0755"
  files:
    description: Text files that shall be there. A symbolic link at the path is replaced by the file.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The absolute path.
        type: str
        required: true
      content:
        description:
          - The text of the file. It is never logged. Either this or O(files[].src) is needed.
        type: str
      src:
        description: A text file on the controller, searched for in C(files/) of the role too.
        type: path
      owner: *owner
      group: *group
      mode:
        description: Four octal digits, quoted.
        type: str
        default: "0644"
      sensitive:
        description: Whether a diff shows the digest of the file only, not its text.
        type: bool
        default: false
  kernel_modules:
    description:
      - Modules of the kernel that shall be loaded, now and by C(/etc/modules-load.d) at each start.
      - One that is built in counts as loaded, and so does any where the kernel has no modules. In a container
        one that cannot be loaded from there does as well, because the kernel is the host's.
    type: list
    elements: str
    default: []
  hostname:
    description: The name of the machine, now and by C(/etc/hostname) at each start.
    type: str
  sysctls:
    description:
      - Settings of the kernel by name, now and by C(/etc/sysctl.d) at each start, one file for each.
      - In a container a setting that the host's kernel lacks is passed over.
    type: dict
    default: {}
  binaries:
    description: Programs of one file that the machine downloads and verifies.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The absolute path.
        type: str
        required: true
      url:
        description: Where the machine gets it, by http or https.
        type: str
        required: true
      checksum:
        description:
          - The SHA-256 digest of the file in 64 hexadecimal digits.
          - Without it the controller reads it from the URL with C(.sha256) at its end, once a run.
        type: str
      mode:
        description: Four octal digits, quoted.
        type: str
        default: "0755"
  archives:
    description:
      - Tar archives whose members the machine shall have. It downloads and verifies them.
      - The digests of the members are kept in C(/usr/local/share/packet-kubernetes), so that one that was
        changed or removed is seen and mended. Members of an earlier version that are gone are removed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - By what the archive is known on the machine, over all its versions.
          - The default is the file name of the URL up to the version.
        type: str
      url:
        description: Where the machine gets it, by http or https.
        type: str
        required: true
      checksum:
        description:
          - The SHA-256 digest of the archive in 64 hexadecimal digits.
          - Without it the controller reads it from the URL with C(.sha256) at its end, once a run.
        type: str
      into:
        description: The directory into which the members go.
        type: str
        required: true
      strip_components:
        description: How many leading parts of the members' names are left out.
        type: int
        default: 0
      include:
        description:
          - Patterns of the names of the members that are wanted, after the leading parts were left out. An
            asterisk matches slashes too. Without any, all are wanted.
        type: list
        elements: str
        default: []
  units:
    description: Units of systemd. Unit files that changed are read anew first.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the unit; without an ending it is a service.
        type: str
        required: true
      enabled:
        description: Whether it starts with the machine.
        type: bool
        default: true
      state:
        description: Whether it runs.
        type: str
        choices: [started, stopped]
        default: started
      restart_after:
        description:
          - Files that the unit reads when it starts. It is restarted if any of them is newer than its start,
            whoever wrote it and whenever.
        type: list
        elements: str
        default: []
requirements:
  - systemd 248 or newer on the machine, for O(units)
seealso:
  - module: packet.kubernetes.node_facts
author:
  - The packet.kubernetes authors (@packet-kubernetes)
"""

EXAMPLES = r"""
- name: Bring the machine to its wanted state
  packet.kubernetes.node:
    kernel_modules: [overlay, br_netfilter]
    sysctls:
      net.ipv4.ip_forward: "1"
    binaries:
      - path: /usr/local/bin/kubelet
        url: https://dl.k8s.io/v1.36.3/bin/linux/amd64/kubelet
    archives:
      - url: https://mirror.example.org/containerd-2.4.2-linux-amd64.tar.gz
        checksum: 8bc6ac34a96b3f8b2dcdd1ab4bbf4a3e3c2c4bd0f0a30c4e3e4ed0c3a4d0d3d5
        into: /usr/local
    files:
      - path: /etc/containerd/config.toml
        content: "{{ lookup('ansible.builtin.template', 'containerd.toml.j2') }}"
      - path: /etc/kubernetes/pki/ca.key
        src: ca.key
        mode: "0600"
        sensitive: true
    units:
      - name: containerd
        restart_after: [/etc/containerd/config.toml, /usr/local/bin/containerd]

- name: See what would change
  packet.kubernetes.node:
    absent: [/etc/cni/net.d/87-podman.conflist]
  check_mode: true
  diff: true
"""

RETURN = r"""
differing:
  description: What was not as wanted, by kind and name.
  returned: success
  type: list
  elements: str
  sample: ["file /etc/containerd/config.toml", "unit containerd.service"]
"""

from ..module_utils._module import run
from ..module_utils._node.machine import Machine


def main() -> None:
    """Runs the module."""
    run(Machine, always="present")


if __name__ == "__main__":
    main()
