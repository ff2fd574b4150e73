# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's membership of a cluster that exists.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from .._node.command import output_of
from .._reconcile import Attributes, Normalise, ResourceError
from .etcd import JoiningMachine, remove_former_member
from .kubeadm import checked_config, run_kubeadm, wait_for_others
from .machine import CONTROL_PLANE_LABEL, Machine
from .reset import leave

_STILL_READY = "already exists in the cluster"
"""What kubeadm says as long as the cluster has not noticed that the machine of this name began anew."""

_RETRY = 5.0
"""Seconds."""


@dataclass(frozen=True)
class Membership:
    """The Kind of the module `kubeadm_join`. What it lacks is its one attribute."""

    config: str
    control_plane: bool
    ignore_preflight_errors: tuple[str, ...]
    timeout: float
    etcd: JoiningMachine | None = None
    """How etcd sees the machine; None where nothing is known of etcd."""
    machine: Machine = field(default_factory=Machine)

    name: ClassVar[str] = "membership"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        "config": {"type": "str", "required": True, "no_log": True},
        "control_plane": {"type": "bool", "default": False},
        "etcd": {
            "type": "dict",
            "options": {
                "endpoints": {"type": "list", "elements": "str", "required": True},
                "name": {"type": "str", "required": True},
                "address": {"type": "str", "required": True},
            },
        },
        "ignore_preflight_errors": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "int", "default": 300},
    }
    rules: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Membership:
        """The membership that the options speak of."""
        return cls(
            checked_config(params["config"]),
            params["control_plane"],
            tuple(params["ignore_preflight_errors"]),
            params["timeout"],
            _joining(params["etcd"]),
        )

    def wanted(self) -> Attributes:
        """A membership that lacks nothing."""
        return {"missing": [], "kubelet": "active"}

    def find(self) -> Attributes | None:
        wait_for_others(self.machine.run, self.timeout)
        if not self.machine.begun():
            return None
        missing = self._missing()
        active = self.machine.kubelet_active()
        if not missing and active and self.control_plane:
            self._wait_local_api()
        return {"missing": missing, "kubelet": "active" if active else "inactive"}

    def create(self, wanted: Attributes) -> Attributes:
        self._join()
        return self.wanted()

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        if found["missing"]:
            leave(self.machine, self.timeout, keep_authorities=self.control_plane)
            self._join()
        else:
            # A member whose kubelet merely stands still has workloads and data: it is started, not made anew.
            output_of(["systemctl", "restart", "kubelet"])
            if self.control_plane:
                self._wait_local_api()
        return self.wanted()

    def delete(self, found: Attributes) -> None:
        raise ResourceError("kubeadm_join: a membership is ended by packet.kubernetes.kubeadm_reset")

    def _missing(self) -> list[str]:
        """What a member has and this machine has not."""
        missing = []
        if not self.machine.kubelet_credentials():
            missing.append("certificate of the kubelet")
        if self.control_plane:
            missing += self.machine.missing_control_plane()
            # Asked only where all files are there: until then the answer changes nothing.
            if not missing and not self._is_marked():
                missing.append(f"label {CONTROL_PLANE_LABEL} of node {self.machine.node_name}")
        return missing

    def _is_marked(self) -> bool:
        """Whether the cluster has this node as a control plane, which kubeadm tells it last."""
        api = self.machine.cluster_api
        try:
            node = api.get(f"/api/v1/nodes/{self.machine.node_name}")
        except (OSError, http.client.HTTPException) as error:
            raise ResourceError(
                f"kubeadm_join: cannot tell whether this machine is a whole control plane, because the "
                f"cluster's endpoint {api.url} does not answer ({error}); nothing was changed. "
                "Mend the endpoint and run again"
            ) from error
        return CONTROL_PLANE_LABEL in (node or {}).get("metadata", {}).get("labels", {})

    def _wait_local_api(self) -> None:
        api = self.machine.local_api
        if not api.wait_ready(self.timeout):
            raise ResourceError(
                f"this machine is a control plane of the cluster, but its API server {api.url} was not ready "
                f"within {self.timeout:.0f} s; nothing was removed. Look at `systemctl status containerd "
                "kubelet`, `journalctl -u kubelet` and the logs in /var/log/pods/kube-system_*"
            )

    def _join(self) -> None:
        words = ["join"]
        if self.ignore_preflight_errors:
            words.append(f"--ignore-preflight-errors={','.join(self.ignore_preflight_errors)}")
        self.machine.drop_halves()
        if self.control_plane and self.etcd:
            self._remove_former_member(self.etcd)
        deadline = time.monotonic() + self.timeout
        while True:
            remaining = deadline - time.monotonic()
            try:
                run_kubeadm(words, run=self.machine.run, timeout=remaining, config=self.config)
                return
            except ResourceError as error:
                if _STILL_READY not in str(error) or remaining < 2 * _RETRY:
                    raise
            # A machine that was reinstalled, or that leaves and joins again, is taken for alive for a while.
            leave(self.machine, self.timeout, keep_authorities=self.control_plane)
            time.sleep(_RETRY)

    def _remove_former_member(self, etcd: JoiningMachine) -> None:
        """There is no data of etcd's here any more, so a member that was here cannot come back."""
        # What kubeadm would issue in the course of the join; it takes it as it is then. Told its own version,
        # it does not ask the network for the latest one.
        version = output_of(["kubeadm", "version", "--output=short"]).strip()
        words = ["init", "phase", "certs", "apiserver-etcd-client", f"--kubernetes-version={version}"]
        run_kubeadm(words, run=self.machine.run, timeout=self.timeout)
        remove_former_member(etcd, self.machine.etcd_api)


def _joining(etcd: Mapping[str, Any] | None) -> JoiningMachine | None:
    """From the option `etcd`. Raises ResourceError."""
    if etcd is None:
        return None
    for url in etcd["endpoints"]:
        if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
            raise ResourceError(
                f"kubeadm_join: etcd.endpoints has {url!r}; allowed are URLs such as https://10.0.0.5:2379"
            )
    return JoiningMachine(etcd["name"], etcd["address"], tuple(etcd["endpoints"]))
