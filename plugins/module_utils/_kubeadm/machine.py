# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm has made on a machine so far, read off the machine.

This module util is PRIVATE to the collection. The paths are those of cmd/kubeadm/app/constants.
"""

from __future__ import annotations

import base64
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .._node.command import environment
from .._reconcile import ResourceError
from .api import Api

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
KUBECONFIGS = ("admin.conf", "controller-manager.conf", "scheduler.conf")

CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"

_AUTHORITIES = ("ca", "front-proxy-ca", "etcd/ca", "sa")
_CLUSTERS = frozenset(f"{name}.{ending}" for name in _AUTHORITIES for ending in ("crt", "key", "pub"))
"""What is the cluster's, not this machine's, in the directory of certificates."""


@dataclass(frozen=True)
class Machine:
    """A machine that kubeadm works on; `root` is its root directory."""

    root: Path = Path("/")

    @property
    def etc(self) -> Path:
        """kubeadm's directory."""
        return self.root / "etc/kubernetes"

    @property
    def run(self) -> Path:
        """The directory of what does not outlive a restart."""
        return self.root / "run"

    @property
    def kubelet(self) -> Path:
        """The kubelet's directory."""
        return self.root / "var/lib/kubelet"

    @property
    def etcd(self) -> Path:
        """etcd's directory."""
        return self.root / "var/lib/etcd"

    @property
    def kubelet_certificate(self) -> Path:
        """The certificate that the kubelet got from the cluster and renews; the key is in the same file."""
        return self.kubelet / "pki/kubelet-client-current.pem"

    def manifest(self, component: str) -> Path:
        """The static pod of a component."""
        return self.etc / "manifests" / f"{component}.yaml"

    def flag(self, component: str, name: str) -> str | None:
        """The value of a flag in a component's manifest."""
        manifest = self.manifest(component)
        text = manifest.read_text() if manifest.exists() else ""
        found = re.search(rf"--{name}=(\S+)", text)
        return found[1] if found else None

    @property
    def stacked_etcd(self) -> bool:
        """Whether etcd runs here, as far as the API server is already told."""
        servers = self.flag("kube-apiserver", "etcd-servers")
        return servers is None or "127.0.0.1" in servers or "localhost" in servers

    def begun(self) -> bool:
        """Whether kubeadm has begun to make this machine a node; authorities and directories do not count."""
        return (
            any((self.etc / "manifests").glob("*.yaml"))
            or any(self.etc.glob("*.conf"))
            or (self.kubelet / "config.yaml").exists()
            or (self.etcd / "member").exists()
        )

    def kubelet_credentials(self) -> bool:
        """Whether the kubelet has the certificate of a member of the cluster."""
        conf = self.etc / "kubelet.conf"
        return (
            conf.exists()
            and self.kubelet_certificate.name in conf.read_text()
            and self.kubelet_certificate.exists()
        )

    def kubelet_active(self) -> bool:
        """Whether the kubelet runs."""
        command = ["systemctl", "is-active", "--quiet", "kubelet"]
        asked = subprocess.run(command, env=environment(), check=False)
        return asked.returncode == 0

    def drop_halves(self) -> None:
        """Removes certificates of this machine whose key is missing or empty, and keys without certificate.

        kubeadm leaves them where it is killed between the two, and then refuses them. Authorities stay.
        """
        pki = self.etc / "pki"
        for path in own_files(pki):
            pair = [path.with_suffix(".crt"), path.with_suffix(".key")]
            if path in pair and not all(half.exists() and half.stat().st_size for half in pair):
                path.unlink()

    def missing_control_plane(self) -> list[str]:
        """The files of a control plane that are not there."""
        wanted = [self.etc / name for name in KUBECONFIGS]
        wanted += [self.manifest(name) for name in (*COMPONENTS, *(["etcd"] if self.stacked_etcd else []))]
        return [str(path) for path in wanted if not path.exists()]

    @property
    def local_api(self) -> Api:
        """This machine's own API server, whatever the cluster's endpoint says."""
        address = self.flag("kube-apiserver", "advertise-address") or "127.0.0.1"
        port = self.flag("kube-apiserver", "secure-port") or "6443"
        host = f"[{address}]" if ":" in address else address
        return Api(f"https://{host}:{port}", self.etc / "pki/ca.crt", self._admin)

    @property
    def cluster_api(self) -> Api:
        """The cluster's endpoint, asked with the kubelet's certificate. Raises ResourceError."""
        conf = self.etc / "admin.conf"
        server = re.search(r"server: (\S+)", conf.read_text())
        if server is None:
            raise ResourceError(f"{conf} names no server, which kubeadm puts there")
        return Api(server[1], self.etc / "pki/ca.crt", self.kubelet_certificate.read_bytes())

    def etcd_api(self, url: str) -> Api:
        """etcd on another machine, asked with the certificate that this machine's API server has for it."""
        client = self.etc / "pki/apiserver-etcd-client"
        credentials = b"".join(client.with_suffix(end).read_bytes() for end in (".crt", ".key"))
        return Api(url, self.etc / "pki/etcd/ca.crt", credentials)

    @property
    def _admin(self) -> bytes:
        """The certificate and the key in admin.conf. Raises ResourceError."""
        conf = self.etc / "admin.conf"
        found = dict(re.findall(r"client-(certificate|key)-data: (\S+)", conf.read_text()))
        if {"certificate", "key"} - found.keys():
            raise ResourceError(f"{conf} has no certificate of a client in it, which kubeadm puts there")
        return base64.b64decode(found["certificate"]) + b"\n" + base64.b64decode(found["key"])

    @property
    def node_name(self) -> str:
        """The name by which the cluster knows this machine: told to the kubelet, else the host's."""
        flags = self.kubelet / "kubeadm-flags.env"
        told = re.search(r"--hostname-override=([^\s\"]+)", flags.read_text()) if flags.exists() else None
        return told[1] if told else socket.gethostname().lower()


def files_under(folder: Path) -> list[Path]:
    """All below a folder that is no folder."""
    return [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]


def own_files(pki: Path) -> list[Path]:
    """The files in a directory of certificates that are this machine's, and not its cluster's."""
    return [path for path in files_under(pki) if str(path.relative_to(pki)) not in _CLUSTERS]
