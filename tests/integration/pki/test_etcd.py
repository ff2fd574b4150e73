# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control plane was in etcd is removed from a real etcd, and what is alive is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.api import Api
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.etcd import (
    JoiningMachine,
    remove_former_member,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from control_plane import binaries, free_port, running

from playbooks import cluster_tasks, succeed

NAMES = ("a", "b", "c")


class Trio:
    """Three members of etcd on loopback, which can be lost one by one."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._pki = folder, folder / "pki"
        self._program = binaries(folder)[0]
        self._peers = {name: f"http://127.0.0.1:{free_port()}" for name in NAMES}
        self._running: dict[str, ExitStack] = {}
        self.clients = {name: f"https://127.0.0.1:{free_port()}" for name in NAMES}

    def start(self, name: str) -> None:
        etcd = self._pki / "etcd"
        stack = self._running[name] = ExitStack()
        stack.enter_context(
            running(
                self._folder / f"{name}.log",
                self._program,
                f"--name={name}",
                f"--data-dir={self._folder / name}",
                f"--listen-client-urls={self.clients[name]}",
                f"--advertise-client-urls={self.clients[name]}",
                f"--listen-peer-urls={self._peers[name]}",
                f"--initial-advertise-peer-urls={self._peers[name]}",
                f"--initial-cluster={','.join(f'{each}={url}' for each, url in self._peers.items())}",
                "--client-cert-auth",
                f"--trusted-ca-file={etcd / 'ca.crt'}",
                f"--cert-file={etcd / 'server.crt'}",
                f"--key-file={etcd / 'server.key'}",
                "--unsafe-no-fsync",
            )
        )

    def stop(self, name: str) -> None:
        self._running[name].close()

    def connect(self, url: str) -> Api:
        client = self._pki / "apiserver-etcd-client"
        credentials = b"".join(client.with_suffix(end).read_bytes() for end in (".crt", ".key"))
        return Api(url, self._pki / "etcd" / "ca.crt", credentials)

    def names(self) -> set[str]:
        """The members, as all that are left agree."""
        answer = self.connect(self.clients["a"]).post("/v3/cluster/member/list", {"linearizable": True})
        assert answer is not None
        return {member["name"] for member in answer["members"]}

    def replace(self, name: str) -> None:
        """As in the join of a machine of this name, at an address that no member has."""
        remove_former_member(JoiningMachine(name, "192.0.2.1", (self.clients["a"],)), self.connect)


@pytest.fixture
def trio(tmp_path: Path) -> Iterator[Trio]:
    succeed(tmp_path, cluster_tasks(tmp_path / "pki", "https://127.0.0.1:6443"))
    trio = Trio(tmp_path)
    try:
        for name in NAMES:
            trio.start(name)
        eventually(lambda: trio.names() == {*NAMES})
        yield trio
    finally:
        for name in NAMES:
            trio.stop(name)


def eventually(done: Callable[[], bool], patience: float = 60.0) -> None:
    """Tries until it is done; what etcd refuses while it is electing is no failure."""
    deadline = time.monotonic() + patience
    while True:
        try:
            if done():
                return
        except (ResourceError, OSError):
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_lost_member_is_removed_and_what_is_alive_or_decides_is_not(trio: Trio) -> None:
    trio.replace("d")
    with pytest.raises(ResourceError, match=r"the member c \(http://127.0.0.1:\d+\) is alive"):
        trio.replace("c")
    trio.stop("b")
    trio.stop("c")
    with pytest.raises(ResourceError, match=r"only 1 of 3 members answer, and it takes 2; .*Start b"):
        trio.replace("c")
    trio.start("b")
    eventually(lambda: trio.names() == {*NAMES})
    trio.replace("c")
    assert trio.names() == {"a", "b"}
    trio.replace("c")
    assert trio.names() == {"a", "b"}
