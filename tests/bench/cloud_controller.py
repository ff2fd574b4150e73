# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud controller manager at size: objects in a real API server, devices of the record driver.

How soon the addresses of 20 Services leave a node that fails, and one that is drained; kube-proxies are stood
in for. Then with 500 Nodes: how long until all are initialised, what it asks of the Packet API when nothing
happens, and its memory. Prints a table; exits with 1 when a target is missed.

    make bench-cloud-controller
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parents[1] / "integration" / "controllers"))
from balanced import Balanced
from control_plane import free_port, serve
from controlled import UNINITIALIZED, Cluster, Manager, Site, eventually, loopback
from lightkube.resources.core_v1 import Node
from packetd_process import Packetd

from playbooks import cluster_tasks, succeed

NODES = 500
SERVICES = 20
STEADY = 90.0
"""Seconds in which nothing happens."""


def fill(site: Site, cluster: Cluster) -> None:
    """Devices, and a Node for each."""
    order = {"hostname": "node-{{index}}", "quantity": NODES, "metro": "sv"}
    order |= {"plan": "c3.small.x86", "operating_system": "debian_12"}
    path = f"/projects/{site.project}/devices"
    site.call("POST", f"{path}/batch", {"batches": [order]})
    unfinished = f"{path}?state=queued,provisioning&per_page=1"
    site.server.wait(unfinished, lambda _status, page: page["meta"]["total"] == 0, 600)
    hostnames = [device["hostname"] for device in site.call("GET", f"{path}?per_page=1000")["devices"]]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: cluster.join(each[1], loopback(each[0])), enumerate(hostnames)))


def initialised(cluster: Cluster) -> int:
    """How many Nodes are free of the taint."""
    taints = [(node.spec and node.spec.taints) or [] for node in cluster.api.list(Node, chunk_size=500)]
    return sum(all(taint.key != UNINITIALIZED for taint in each) for each in taints)


def told(what: str, unit: str, value: float, limit: float) -> bool:
    """Prints a line; whether the target is reached."""
    print(f"{what}\t{value:.1f} {unit}\t<= {limit:g}\t{'ok' if value <= limit else 'MISSED'}", flush=True)
    return value <= limit


def moved(balanced: Balanced, names: list[str], worker: str) -> float:
    """Seconds until all of these Services' addresses are at this worker."""
    began = time.monotonic()
    while not all(balanced.holder(balanced.address(name)) == worker for name in names):
        assert time.monotonic() - began < 120, balanced.manager.log.read_text()[-2000:]
        time.sleep(0.1)
    return time.monotonic() - began


def failover(cluster: Cluster, site: Site, manager: Manager) -> bool:
    """All addresses of a node that fails, and of one that is drained."""
    names = [f"service-{number}" for number in range(SERVICES)]
    with ExitStack() as stack:
        balanced = Balanced(cluster, site, manager, stack)
        balanced.start()
        for name in names:
            balanced.create(name)
        for name in names:
            balanced.address(name)
        balanced.fail("worker-1")
        seconds = moved(balanced, names, "worker-2")
        good = told(f"{SERVICES} addresses away from a node that fails", "s", seconds, 20)
        balanced.heal("worker-1")
        balanced.cordon("worker-2")
        seconds = moved(balanced, names, "worker-1")
        good &= told(f"{SERVICES} addresses away from a node that is drained", "s", seconds, 20)
        for name in names:
            balanced.delete(name)
        eventually(lambda: not balanced.made())
        manager.end()
        balanced.clear()
    cluster.clear()
    return good


def measure(cluster: Cluster, site: Site, manager: Manager) -> bool:
    """Five hundred Nodes."""
    fill(site, cluster)
    began = time.monotonic()
    manager.start()
    while initialised(cluster) < NODES:
        assert time.monotonic() - began < 600, manager.log.read_text()[-2000:]
        time.sleep(0.5)
    seconds = time.monotonic() - began
    first = manager.requests()
    # What came of the Nodes' own changes is over by then.
    time.sleep(10)
    before = manager.requests()
    time.sleep(STEADY)
    a_minute = (manager.requests() - before) / STEADY * 60
    peak = manager.metrics()["process_max_resident_bytes"] / 2**20
    rows = (
        (f"{NODES} Nodes initialised", "s", seconds, 60.0),
        ("requests to the Packet API until then", "", first, 20.0),
        ("requests to the Packet API when nothing happens", "/min", a_minute, 5.0),
        ("peak memory", "MiB", peak, 150.0),
    )
    good = [told(*row) for row in rows]
    return all(good)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="cloud-controller-bench-") as name:
        folder, port = Path(name), free_port()
        succeed(folder, cluster_tasks(folder / "pki", f"https://127.0.0.1:{port}"))
        server = Packetd(folder / "packetd")
        with serve(folder, folder / "pki", port):
            cluster = Cluster(folder / "pki" / "admin.conf")
            server.start()
            site = Site(server)
            manager = Manager(folder, cluster, site)
            try:
                good = [work(cluster, site, manager) for work in (failover, measure)]
                return 0 if all(good) else 1
            finally:
                manager.stop()
                server.stop()


if __name__ == "__main__":
    sys.exit(main())
