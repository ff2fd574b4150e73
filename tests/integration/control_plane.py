# SPDX-License-Identifier: GPL-3.0-or-later
"""A real etcd and a real API server on loopback, with nothing but what our own modules made."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mirror.store import default_root

VERSION = "v1.36.3"
PATIENCE = 90.0
"""Seconds until both answer; it takes about five, but not on a machine that is busy building."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def binaries(folder: Path) -> tuple[Path, Path]:
    """Etcd and kube-apiserver, from the mirror's store, which is filled first if they are not in it."""
    files = default_root() / "files"
    apiserver = files / VERSION / "bin" / "linux" / "amd64" / "kube-apiserver"
    archives = "etcd-io/etcd/releases/download/*/etcd-*-linux-amd64.tar.gz"
    if not apiserver.exists() or not list(files.glob(archives)):
        mirror = Path(sys.executable).with_name("kube-mirror")
        subprocess.run([mirror, "build", "--kubernetes", VERSION], check=True)
    with tarfile.open(max(files.glob(archives))) as archive:
        (member,) = (member for member in archive.getmembers() if member.name.endswith("/etcd"))
        with archive.extractfile(member) as content, (folder / "etcd").open("wb") as etcd:
            shutil.copyfileobj(content, etcd)
    (folder / "etcd").chmod(0o755)
    # What the store keeps is for machines to download, and so need not be executable.
    link = folder / "kube-apiserver"
    os.link(apiserver, link) if os.access(apiserver, os.X_OK) else link.write_bytes(apiserver.read_bytes())
    link.chmod(0o755)
    return folder / "etcd", link


@contextmanager
def serve(folder: Path, pki: Path, port: int) -> Iterator[None]:
    """Runs both until the block ends; the API server answers at https://127.0.0.1:<port>."""
    etcd, apiserver = binaries(folder)
    etcd_url, peer_url = f"https://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        stack.enter_context(
            running(
                folder / "etcd.log",
                etcd,
                f"--data-dir={folder / 'data'}",
                f"--listen-client-urls={etcd_url}",
                f"--advertise-client-urls={etcd_url}",
                f"--listen-peer-urls={peer_url}",
                f"--initial-advertise-peer-urls={peer_url}",
                f"--initial-cluster=default={peer_url}",
                "--client-cert-auth",
                f"--trusted-ca-file={pki / 'etcd' / 'ca.crt'}",
                f"--cert-file={pki / 'etcd' / 'server.crt'}",
                f"--key-file={pki / 'etcd' / 'server.key'}",
                "--unsafe-no-fsync",
            )
        )
        server = stack.enter_context(
            running(
                folder / "apiserver.log",
                apiserver,
                f"--etcd-servers={etcd_url}",
                f"--etcd-cafile={pki / 'etcd' / 'ca.crt'}",
                f"--etcd-certfile={pki / 'apiserver-etcd-client.crt'}",
                f"--etcd-keyfile={pki / 'apiserver-etcd-client.key'}",
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                # An address for others to reach it at, which nobody does: it refuses a loopback one.
                "--advertise-address=192.0.2.1",
                "--endpoint-reconciler-type=none",
                f"--tls-cert-file={pki / 'apiserver.crt'}",
                f"--tls-private-key-file={pki / 'apiserver.key'}",
                f"--client-ca-file={pki / 'ca.crt'}",
                f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
                "--requestheader-username-headers=X-Remote-User",
                f"--proxy-client-cert-file={pki / 'front-proxy-client.crt'}",
                f"--proxy-client-key-file={pki / 'front-proxy-client.key'}",
                f"--service-account-key-file={pki / 'sa.pub'}",
                f"--service-account-signing-key-file={pki / 'sa.key'}",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                "--service-cluster-ip-range=172.25.0.0/16",
                "--authorization-mode=Node,RBAC",
                "--enable-bootstrap-token-auth",
            )
        )
        _wait(server, f"https://127.0.0.1:{port}/readyz", pki / "ca.crt", folder / "apiserver.log")
        yield


@contextmanager
def running(log: Path, *command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield process
    finally:
        # Nothing of theirs is worth an orderly end.
        process.kill()
        process.wait()


def _wait(server: subprocess.Popen[bytes], url: str, ca: Path, log: Path) -> None:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca))),
    )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with opener.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer: {log.read_text()[-2000:]}")
