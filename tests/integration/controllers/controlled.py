# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster without nodes, and the cloud controller manager as a process beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from control_plane import free_port
from lightkube import ApiError, Client, KubeConfig
from lightkube.models.core_v1 import NodeCondition, NodeSpec, NodeStatus, Taint
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import Node
from packetd_process import Packetd

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds; what is waited for takes one or two on a machine that has nothing else to do."""

UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
PROVIDED_IP = "alpha.kubernetes.io/provided-node-ip"


def eventually(ask: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """The first answer that is something."""
    deadline = time.monotonic() + patience
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.1)
    return answer


def loopback(number: int) -> str:
    """An address of this host that no other process of tests takes; there are 1000."""
    return f"127.{1 + (os.getpid() >> 6) % 254}.{os.getpid() % 64 * 4 + number // 250}.{1 + number % 250}"


class Cluster:
    """etcd and an API server; nobody runs pods, so Nodes are objects alone."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.api = Client(KubeConfig.from_file(kubeconfig), trust_env=False)

    def join(self, name: str, address: str, **labels: str) -> None:
        """A Node as kubelet makes it with --cloud-provider=external and --node-ip.

        The address is of loopback: the controller asks it whether a kubelet answers, and nothing may leave
        this host.
        """
        self.api.create(
            Node(
                metadata=ObjectMeta(name=name, annotations={PROVIDED_IP: address}, labels=labels),
                spec=NodeSpec(taints=[Taint("NoSchedule", UNINITIALIZED, value="true")]),
            )
        )
        ready = [NodeCondition("True", "Ready")]
        self.api.patch(Node.Status, name, {"status": NodeStatus(conditions=ready).to_dict()})

    def node(self, name: str) -> Node | None:
        """A Node, None where there is none."""
        try:
            return self.api.get(Node, name)
        except ApiError as error:
            if error.status.code == 404:
                return None
            raise

    def initialised(self, name: str) -> Node:
        """A Node, once it is free of the taint."""
        return eventually(lambda: self._free(self.node(name)))

    def taints(self, name: str) -> list[str]:
        """The keys of a Node's taints."""
        node = self.node(name)
        return [taint.key for taint in (node and node.spec and node.spec.taints) or []]

    def clear(self) -> None:
        """Removes what a test left."""
        for node in self.api.list(Node):
            assert node.metadata
            assert node.metadata.name
            self.api.delete(Node, node.metadata.name)
        for lease in self.api.list(Lease, namespace="kube-system"):
            assert lease.metadata
            assert lease.metadata.name
            self.api.delete(Lease, lease.metadata.name, namespace="kube-system")

    @staticmethod
    def _free(node: Node | None) -> Node | None:
        taints = (node and node.spec and node.spec.taints) or []
        return node if not any(taint.key == UNINITIALIZED for taint in taints) else None


class Site:
    """packetd with a project, as the cloud controller manager sees it."""

    def __init__(self, server: Packetd) -> None:
        self.server = server
        self.project: str = self.call("POST", "/projects", {"name": "cluster"})["id"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A call that has to succeed."""
        status, answer = self.server.call(method, path, body)
        assert status < 400, answer
        return answer

    def device(self, hostname: str) -> dict[str, Any]:
        """A device, active."""
        body = {"hostname": hostname, "plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}
        made = self.call("POST", f"/projects/{self.project}/devices", body)
        found: dict[str, Any] = self.server.wait_for_state(made["id"], "active")
        return found


class Manager:
    """python3 -m controllers.cloud, outside of the cluster."""

    def __init__(self, folder: Path, cluster: Cluster, site: Site) -> None:
        self._folder = folder
        self._cluster = cluster
        self._site = site
        self._processes: list[subprocess.Popen[bytes]] = []
        self.port = 0

    @property
    def last(self) -> subprocess.Popen[bytes]:
        """The one that was started last."""
        return self._processes[-1]

    @property
    def log(self) -> Path:
        """What the one that was started last has said."""
        return self._folder / f"manager-{len(self._processes)}.log"

    def start(self, *options: str, config: Any = None, environment: Mapping[str, str] | None = None) -> None:
        """Starts one more, and waits until it answers."""
        process = self._spawn(*options, config=config, environment=environment)
        eventually(lambda: process.poll() is not None or self._answers())
        assert process.poll() is None, self.log.read_text()

    def refused(self, config: Any) -> int:
        """Starts one that ends by itself; returns its status."""
        return self._spawn(config=config).wait(PATIENCE)

    def _spawn(
        self, *options: str, config: Any, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        self.port = free_port()
        server = self._site.server
        told = {"apiKey": server.token, "projectID": self._site.project, "base-url": server.api_url}
        file = self._folder / "cloud-sa.json"
        file.write_text(json.dumps(told if config is None else config))
        command = [sys.executable, "-m", "controllers.cloud", "--cloud-config", file]
        command += ["--kubeconfig", self._cluster.kubeconfig, "--listen", f"127.0.0.1:{self.port}", *options]
        inherited = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        log = self._folder / f"manager-{len(self._processes) + 1}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=output, env={**inherited, **(environment or {})}
            )
        self._processes.append(process)
        return process

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends the one that was started last; returns its status."""
        self.last.send_signal(number)
        return self.last.wait(30)

    def stop(self) -> None:
        """Ends all."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def metrics(self) -> dict[str, float]:
        """What /metrics tells, by the name with its labels."""
        lines = [line for line in self._get("/metrics").splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def requests(self) -> float:
        """How many there were to the Packet API."""
        return sum(
            value for name, value in self.metrics().items() if name.startswith("packet_api_requests_total{")
        )

    def _answers(self) -> bool:
        try:
            return self._get("/healthz") == "ok"
        except OSError:
            return False

    def _get(self, path: str) -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
        return text
