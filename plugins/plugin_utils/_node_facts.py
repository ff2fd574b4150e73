# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine is, asked by one shell command.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

from typing import Any, TypedDict

from ..module_utils._node.part import PRELUDE
from ..module_utils._reconcile import ResourceError

_QUESTIONS = r"""
say() { echo "$1=$2"; }
yes() { if "$@" >/dev/null 2>&1; then echo 1; else echo 0; fi; }
first() { cat "$@" 2>/dev/null | head -n 1; }

say container "$container"
say machine "$(uname -m)"
say cgroup "$(stat -f -c %T /sys/fs/cgroup)"
say capabilities "$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)"
say memory_kib "$(sed -n 's/^MemTotal:[[:space:]]*\([0-9]*\).*/\1/p' /proc/meminfo)"
say memory_limit "$(first /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes)"
say cpus "$(nproc)"
say os_id "$(. /etc/os-release; echo "$ID")"
say os_version_id "$(. /etc/os-release; echo "$VERSION_ID")"
say hostname "$(first /proc/sys/kernel/hostname)"
addresses=$(ip -o address show scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4 }')
say addresses "$(echo $addresses)"

active=$(yes systemctl is-active --quiet kubelet)
say kubelet_active "$active"
say kubelet_configured "$(yes test -e /var/lib/kubelet/config.yaml)"
say kubelet_version "$(kubelet --version 2>/dev/null)"

etc=/etc/kubernetes
api=$etc/manifests/kube-apiserver.yaml
begun=$(yes test -e $api)
ready=0
# Asked of this machine's own API server, whatever the cluster's endpoint says.
if [ $begun = 1 ] && [ -e $etc/manifests/etcd.yaml ] && [ -e $etc/admin.conf ]; then
  port=$(sed -n 's/.*--secure-port=//p' $api)
  ready=$(yes kubectl --kubeconfig $etc/admin.conf --server "https://127.0.0.1:${port:-6443}" \
    --tls-server-name kubernetes --request-timeout 3s get --raw /readyz)
fi
say initialised "$ready"
# A machine with a control plane that is not whole has stopped halfway.
if [ "$active" = 1 ] && [ -e $etc/kubelet.conf ] && [ "$begun" = "$ready" ]
then say joined 1; else say joined 0; fi
echo end=1
"""

SCRIPT = PRELUDE + _QUESTIONS
"""POSIX sh that prints lines of name=value."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_CAP_SYS_RESOURCE = 24


class Kubelet(TypedDict):
    """The kubelet of a machine."""

    active: bool
    configured: bool
    version: str


class NodeFacts(TypedDict):
    """The fact packet_node; see the documentation of the module node_facts."""

    architecture: str
    container: bool
    cgroup_version: int
    cap_sys_resource: bool
    memory_mib: int
    cpus: int
    os_id: str
    os_version_id: str
    hostname: str
    kubelet: Kubelet
    initialised: bool
    joined: bool
    addresses: list[str]


def read_facts(output: str) -> NodeFacts:
    """The facts that the output of the script tells. Pure. Raises ResourceError where it is not whole."""
    told: dict[str, str] = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    if "end" not in told:
        tail = " / ".join(output.splitlines()[-3:]) or "nothing"
        raise ResourceError(f"node_facts: the machine did not answer to the end; its last words were: {tail}")
    machine = told["machine"]
    return {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "container": told["container"] == "1",
        "cgroup_version": 2 if told["cgroup"] == "cgroup2fs" else 1,
        "cap_sys_resource": bool(int(told["capabilities"], 16) >> _CAP_SYS_RESOURCE & 1),
        "memory_mib": _memory_mib(told),
        "cpus": int(told["cpus"]),
        "os_id": told["os_id"],
        "os_version_id": told["os_version_id"],
        "hostname": told["hostname"],
        "kubelet": {
            "active": told["kubelet_active"] == "1",
            "configured": told["kubelet_configured"] == "1",
            "version": told["kubelet_version"].removeprefix("Kubernetes "),
        },
        "initialised": told["initialised"] == "1",
        "joined": told["joined"] == "1",
        "addresses": told["addresses"].split(),
    }


def _memory_mib(told: dict[str, Any]) -> int:
    total = int(told["memory_kib"]) // 1024
    limit = told["memory_limit"]
    # Without a limit there is the word max, or in version 1 a number larger than any memory.
    return min(total, int(limit) // 1024**2) if limit.isdigit() else total
