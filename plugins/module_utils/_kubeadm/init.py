# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first control plane of a cluster.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._reconcile import Attributes, Normalise, ResourceError
from .kubeadm import checked_config, run_kubeadm, wait_for_others
from .machine import COMPONENTS, CONTROL_PLANE_LABEL, Machine

_SYSTEM = "/api/v1/namespaces/kube-system"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"

OBJECTS: Mapping[str, tuple[str, ...]] = {
    "upload-config": (f"{_SYSTEM}/configmaps/kubeadm-config", f"{_SYSTEM}/configmaps/kubelet-config"),
    "bootstrap-token": (
        f"{_RBAC}/clusterrolebindings/kubeadm:node-autoapprove-certificate-rotation",
        "/api/v1/namespaces/kube-public/configmaps/cluster-info",
        f"{_RBAC}/namespaces/kube-public/rolebindings/kubeadm:bootstrap-signer-clusterinfo",
    ),
    "addon/coredns": (
        "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
        f"{_SYSTEM}/services/kube-dns",
    ),
    "addon/kube-proxy": (
        "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy",
        f"{_RBAC}/clusterrolebindings/kubeadm:node-proxier",
    ),
}
"""What each phase of kubeadm leaves in the cluster last, and so what is missing where it was interrupted."""


@dataclass(frozen=True)
class ControlPlane:
    """The Kind of the module `kubeadm_init`. What it lacks is its one attribute."""

    config: str
    ignore_preflight_errors: tuple[str, ...]
    skip_phases: tuple[str, ...]
    timeout: float
    machine: Machine = field(default_factory=Machine)

    name: ClassVar[str] = "control_plane"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        "config": {"type": "str", "required": True, "no_log": True},
        "ignore_preflight_errors": {"type": "list", "elements": "str", "default": []},
        "skip_phases": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "int", "default": 300},
    }
    rules: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> ControlPlane:
        """The control plane that the options speak of."""
        return cls(
            checked_config(params["config"]),
            tuple(params["ignore_preflight_errors"]),
            tuple(params["skip_phases"]),
            params["timeout"],
        )

    def wanted(self) -> Attributes:
        """A control plane that lacks nothing."""
        return {"missing": []}

    def find(self) -> Attributes | None:
        wait_for_others(self.machine.run, self.timeout)
        if not self.machine.begun():
            return None
        return {"missing": self._missing_here() or self._missing_in_cluster()}

    def create(self, wanted: Attributes) -> Attributes:
        return self._init(self.ignore_preflight_errors)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        # What is there is kept: kubeadm takes certificates, keys, kubeconfigs and etcd's data as they are.
        return self._init((*self.ignore_preflight_errors, *self._own_traces()))

    def delete(self, found: Attributes) -> None:
        raise ResourceError("kubeadm_init: a control plane is removed by packet.kubernetes.kubeadm_reset")

    def _init(self, ignored: Sequence[str]) -> Attributes:
        words = ["init", "--skip-token-print"]
        if ignored:
            words.append(f"--ignore-preflight-errors={','.join(ignored)}")
        if self.skip_phases:
            words.append(f"--skip-phases={','.join(self.skip_phases)}")
        self.machine.drop_halves()
        run_kubeadm(words, run=self.machine.run, timeout=self.timeout, config=self.config)
        missing = self._missing_here() or self._missing_in_cluster()
        if missing:
            raise ResourceError(f"kubeadm init ended well, but there is still no {', '.join(missing)}")
        return {"missing": missing}

    def _own_traces(self) -> list[str]:
        """What kubeadm's checks would take exception to, though it is from kubeadm's own first attempt."""
        etc = str(self.machine.etc).replace("/", "-")
        etcd = (self.machine.flag("etcd", "data-dir") or str(self.machine.etcd)).replace("/", "-")
        api_port = self.machine.flag("kube-apiserver", "secure-port") or "6443"
        return [
            *(f"FileAvailable-{etc}-manifests-{name}.yaml" for name in (*COMPONENTS, "etcd")),
            f"DirAvailable-{etcd}",
            *(f"Port-{port}" for port in (api_port, "10259", "10257", "10250", "2379", "2380")),
        ]

    def _missing_here(self) -> list[str]:
        missing = self.machine.missing_control_plane()
        if not (self.machine.kubelet / "config.yaml").exists():
            missing.append(str(self.machine.kubelet / "config.yaml"))
        # The kubelet gets it from the cluster, and kubeadm enters it where nearly all is done.
        if not self.machine.kubelet_credentials():
            missing.append("kubelet's own certificate in kubelet.conf")
        return missing

    def _missing_in_cluster(self) -> list[str]:
        """What is not in the cluster, though the machine has all files of a control plane."""
        api = self.machine.local_api
        if not api.wait_ready(self.timeout):
            raise ResourceError(
                f"this machine has a whole control plane, but its API server {api.url} was not ready within "
                f"{self.timeout:.0f} s; nothing was changed. Look at `systemctl status containerd kubelet`, "
                "`journalctl -u kubelet` and the logs in /var/log/pods/kube-system_*; "
                "to give the cluster up with all its data, use packet.kubernetes.kubeadm_reset"
            )
        try:
            missing = [
                path.rsplit("/", 1)[-1]
                for phase, paths in OBJECTS.items()
                if not {phase, phase.split("/", maxsplit=1)[0]} & {*self.skip_phases}
                for path in paths
                if api.get(path) is None
            ]
            node = api.get(f"/api/v1/nodes/{self.machine.node_name}") or {}
        except (OSError, http.client.HTTPException) as error:
            raise ResourceError(f"the API server {api.url} went away while it was asked: {error}") from error
        labels = node.get("metadata", {}).get("labels", {})
        if CONTROL_PLANE_LABEL not in labels and "mark-control-plane" not in self.skip_phases:
            missing.append(f"label {CONTROL_PLANE_LABEL} of node {self.machine.node_name}")
        return missing
