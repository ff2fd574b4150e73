# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a cluster on a machine, and its removal.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from .._node.command import environment, installed, output_of
from .._node.inode import remove
from .._reconcile import Attributes, Normalise, ResourceError
from .kubeadm import run_kubeadm, wait_for_others
from .machine import Machine, files_under, own_files

_LINKS = ("cni0", "flannel.1", "kube-ipvs0")
_CHAINS = ("KUBE-", "CNI-", "FLANNEL-")
_TABLE_SAVERS = ("iptables", "ip6tables")
_NFT_TABLES = (("ip", "kube-proxy"), ("ip6", "kube-proxy"))


@dataclass(frozen=True)
class Remains:
    """The Kind of the module `kubeadm_reset`: what a cluster has left on this machine, wanted by nobody."""

    timeout: float
    machine: Machine = field(default_factory=Machine)

    name: ClassVar[str] = "remains"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {"timeout": {"type": "int", "default": 300}}
    rules: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Remains:
        """The remains that the options speak of."""
        return cls(params["timeout"])

    def wanted(self) -> Attributes:
        raise ResourceError("kubeadm_reset: remains of a cluster are never wanted")

    @property
    def _folders(self) -> list[Path]:
        cni = [self.machine.root / "etc/cni/net.d", self.machine.root / "var/lib/cni"]
        return [self.machine.etc, self.machine.kubelet, self.machine.etcd, *cni]

    def find(self) -> Attributes | None:
        wait_for_others(self.machine.run, self.timeout)
        remains = {
            "files": [str(folder) for folder in self._folders if files_under(folder)],
            "links": [link for link in _LINKS if (self.machine.root / "sys/class/net" / link).exists()],
            "rules": _tables_with_rules(),
        }
        return remains if any(remains.values()) else None

    def create(self, wanted: Attributes) -> Attributes:
        raise ResourceError(
            "kubeadm_reset: remains of a cluster are not made; see kubeadm_init and kubeadm_join"
        )

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        raise ResourceError("kubeadm_reset: remains of a cluster are not changed, only removed")

    def delete(self, found: Attributes) -> None:
        # Without kubeadm there are no containers of kubeadm's either.
        if found["files"] and installed("kubeadm"):
            leave(self.machine, self.timeout, keep_authorities=False)
        for folder in self._folders:
            for path in folder.glob("*"):
                if not path.is_mount():
                    remove(str(path))
        for link in found["links"]:
            output_of(["ip", "link", "delete", link])
        _remove_rules()


def leave(machine: Machine, timeout: float, *, keep_authorities: bool) -> None:
    """Undoes a join that stopped halfway, for the next attempt. Raises ResourceError.

    A control plane needs the cluster's authorities again. So kubeadm is pointed at an empty directory of
    certificates, lest there be a moment at which they exist nowhere, and what was issued to this machine is
    removed here.
    """
    words = ["reset", "--force"]
    if keep_authorities:
        empty = machine.run / "packet-no-certificates"
        empty.mkdir(exist_ok=True)
        words.append(f"--cert-dir={empty}")
    run_kubeadm(words, run=machine.run, timeout=timeout)
    for path in own_files(machine.etc / "pki"):
        path.unlink()


def _saved(saver: str) -> list[str]:
    if not installed(f"{saver}-save"):
        return []
    return output_of([f"{saver}-save"]).splitlines()


def _of_cluster(line: str) -> bool:
    return any(f" {chain}" in line or line.startswith(f":{chain}") for chain in _CHAINS)


def _tables_with_rules() -> list[str]:
    found = [saver for saver in _TABLE_SAVERS if any(map(_of_cluster, _saved(saver)))]
    return found + [f"nft {family} {table}" for family, table in _NFT_TABLES if _nft_table(family, table)]


def _remove_rules() -> None:
    for saver in _TABLE_SAVERS:
        lines = _saved(saver)
        if any(map(_of_cluster, lines)):
            kept = "\n".join(line for line in lines if not _of_cluster(line))
            output_of([f"{saver}-restore"], stdin=f"{kept}\n")
    for family, table in _NFT_TABLES:
        if _nft_table(family, table):
            output_of(["nft", "delete", "table", family, table])


def _nft_table(family: str, table: str) -> bool:
    """Whether there is such a table; where nft is not installed there is none."""
    if not installed("nft"):
        return False
    command = ["nft", "list", "table", family, table]
    return subprocess.run(command, env=environment(), capture_output=True, check=False).returncode == 0
