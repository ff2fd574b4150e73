# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine for kubeadm in a folder: a kubeadm that leaves what the real one leaves, and an API server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.init import OBJECTS
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.machine import (
    CONTROL_PLANE_LABEL,
    Machine,
)

# Stops where the file `stop` says, as one that was killed; what is there is kept, as by the real one.
KUBEADM = """
import json, pathlib, sys
home = pathlib.Path(__file__).parent.parent
root, verb = home / "root", sys.argv[1]
with (home / "log").open("a") as log: log.write(" ".join(sys.argv[1:]) + "\\n")
etc, kubelet = root / "etc/kubernetes", root / "var/lib/kubelet"
def put(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists(): path.write_text(text)
def drop(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
if verb == "version": sys.exit(print("v1.36.3"))
if "phase" in sys.argv:
    for ending in ("crt", "key"): put(etc / f"pki/apiserver-etcd-client.{ending}", ending)
    sys.exit()
if verb == "reset":
    keep = any(word.startswith("--cert-dir") for word in sys.argv)
    for path in etc.glob("*.conf"): path.unlink()
    for folder in (etc / "manifests", kubelet, root / "var/lib/etcd"): drop(folder)
    if not keep: drop(etc / "pki")
    (home / "units/kubelet.since").unlink(missing_ok=True)
    sys.exit()
config = pathlib.Path(sys.argv[sys.argv.index("--config") + 1])
assert config.stat().st_mode & 0o777 == 0o600 and "apiVersion" in config.read_text()
control_plane = verb == "init" or "controlPlane" in config.read_text()
steps = []
if control_plane:
    for name in ("admin", "controller-manager", "scheduler"):
        steps.append((etc / f"{name}.conf", "server: https://cluster:6443\\n"))
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"):
        steps.append((etc / f"manifests/{name}.yaml", ""))
    steps.append((root / "var/lib/etcd/member/data", verb))
steps += [(kubelet / "config.yaml", ""), (home / "units/kubelet.since", "since"),
          (kubelet / "pki/kubelet-client-current.pem", ""),
          (etc / "kubelet.conf", "client-certificate: kubelet-client-current.pem")]
stop = home / "stop"
last = int(stop.read_text()) if stop.exists() else len(steps)
for path, text in steps[:last]: put(path, text)
if last < len(steps):
    print("[certs] token abcdef.0123456789abcdef")
    sys.exit(1)
put(home / "cluster.json", json.dumps(["all"]))
"""


@dataclass(frozen=True)
class Cluster:
    """The API server of such a machine; the file `cluster.json` says what is in it."""

    home: Path
    url: str = "https://cluster:6443"

    def wait_ready(self, timeout: float) -> bool:
        return not (self.home / "down").exists()

    def get(self, path: str) -> Any | None:
        file = self.home / "cluster.json"
        there = json.loads(file.read_text()) if file.exists() else []
        if "all" not in there and path not in there:
            return None
        return {"metadata": {"labels": {CONTROL_PLANE_LABEL: ""}}}


class FakeMachine(Machine):
    """A machine whose API server is that of the test."""

    @property
    def local_api(self) -> Any:
        return Cluster(self.root.parent)

    @property
    def cluster_api(self) -> Any:
        return Cluster(self.root.parent)


def machine(home: Path) -> FakeMachine:
    """A machine with nothing on it."""
    root = home / "root"
    for folder in ("run", "etc/kubernetes/pki/etcd", "var/lib/kubelet", "var/lib/etcd"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    return FakeMachine(root)


def all_objects() -> list[str]:
    """The paths of all that a control plane leaves in its cluster."""
    return [path for paths in OBJECTS.values() for path in paths]
