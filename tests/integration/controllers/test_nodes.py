# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes know their devices, and go with them."""

from __future__ import annotations

import json
import signal
import socket
import time

from controlled import UNINITIALIZED, Cluster, Manager, Site, eventually, loopback
from lightkube.resources.core_v1 import Node

SHUTDOWN = "node.cloudprovider.kubernetes.io/shutdown"


def test_a_node_is_told_which_device_it_is(cluster: Cluster, site: Site, manager: Manager) -> None:
    device = site.device("worker-1")
    cluster.join("worker-1", loopback(1))
    manager.start()
    node = cluster.initialised("worker-1")
    assert node.spec
    assert node.spec.providerID == f"equinixmetal://{device['id']}"
    assert node.metadata
    assert node.metadata.labels
    assert node.metadata.labels["node.kubernetes.io/instance-type"] == "c3.small.x86"
    assert node.metadata.labels["topology.kubernetes.io/region"] == "sv"
    assert node.metadata.labels["topology.kubernetes.io/zone"] == device["facility"]["code"]
    assert node.status
    told = {(each.type, each.address) for each in node.status.addresses or []}
    own = {
        ("ExternalIP" if each["public"] else "InternalIP", each["address"]) for each in device["ip_addresses"]
    }
    assert told == own | {("Hostname", "worker-1"), ("InternalIP", loopback(1))}


def test_a_node_that_joins_later_is_initialised_at_once(
    cluster: Cluster, site: Site, manager: Manager
) -> None:
    site.device("first")
    cluster.join("first", loopback(1))
    manager.start()
    cluster.initialised("first")
    site.device("second")
    cluster.join("second", loopback(2))
    began = time.monotonic()
    cluster.initialised("second")
    assert time.monotonic() - began < 20


def test_a_device_that_is_off_taints_its_node_until_it_is_on(
    cluster: Cluster, site: Site, manager: Manager
) -> None:
    device = site.device("worker-1")
    cluster.join("worker-1", loopback(1))
    manager.start()
    cluster.initialised("worker-1")
    site.call("POST", f"/devices/{device['id']}/actions", {"type": "power_off"})
    eventually(lambda: SHUTDOWN in cluster.taints("worker-1"))
    site.call("POST", f"/devices/{device['id']}/actions", {"type": "power_on"})
    eventually(lambda: SHUTDOWN not in cluster.taints("worker-1"))


def test_the_node_of_a_deleted_device_goes(cluster: Cluster, site: Site, manager: Manager) -> None:
    device = site.device("worker-1")
    site.device("worker-2")
    cluster.join("worker-1", loopback(1))
    cluster.join("worker-2", loopback(2))
    manager.start()
    cluster.initialised("worker-1")
    cluster.initialised("worker-2")
    site.call("DELETE", f"/devices/{device['id']}")
    eventually(lambda: cluster.node("worker-1") is None)
    assert cluster.node("worker-2") is not None


def test_no_node_goes_while_its_kubelet_answers(cluster: Cluster, site: Site, manager: Manager) -> None:
    device = site.device("worker-1")
    cluster.join("worker-1", loopback(3))
    manager.start()
    cluster.initialised("worker-1")
    # It stands in for the kubelet, of which only its port is asked.
    with socket.create_server((loopback(3), 10250)):
        site.call("DELETE", f"/devices/{device['id']}")
        eventually(lambda: f"device {device['id']} is gone, but" in manager.log.read_text())
        assert cluster.node("worker-1") is not None
    eventually(lambda: cluster.node("worker-1") is None)


def test_nothing_is_removed_while_the_packet_api_is_down(
    cluster: Cluster, site: Site, manager: Manager
) -> None:
    site.device("worker-1")
    cluster.join("worker-1", loopback(1))
    manager.start()
    cluster.initialised("worker-1")
    site.server.command("fault", "add", "error", "--status", "503")
    cluster.join("stranger", loopback(9))
    eventually(lambda: "answered 503" in manager.log.read_text())
    assert cluster.node("worker-1") is not None
    assert cluster.node("stranger") is not None


def test_ids_of_older_controllers_are_understood_and_those_of_others_left_alone(
    cluster: Cluster, site: Site, manager: Manager
) -> None:
    old, bare = site.device("old"), site.device("bare")
    ids = {"old": f"packet://{old['id']}", "bare": bare["id"], "cloud": "aws:///eu-west-1a/i-0123"}
    for number, (name, provider_id) in enumerate(ids.items()):
        cluster.join(name, loopback(number + 1))
        cluster.api.patch(Node, name, {"spec": {"providerID": provider_id}})
    manager.start()
    for name in ("old", "bare"):
        node = cluster.initialised(name)
        assert node.spec
        assert node.spec.providerID == ids[name]
    assert UNINITIALIZED in cluster.taints("cloud")


def test_what_it_says_is_json_with_the_names_and_without_the_token(
    cluster: Cluster, site: Site, manager: Manager
) -> None:
    device = site.device("worker-1")
    cluster.join("worker-1", loopback(1))
    manager.start()
    cluster.initialised("worker-1")
    eventually(lambda: "is described" in manager.log.read_text())
    assert manager.end(signal.SIGTERM) == 0
    text = manager.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert any(line.get("node") == "worker-1" and line.get("device") == device["id"] for line in lines)
    assert site.server.token not in text


def test_in_steady_state_it_hardly_asks(cluster: Cluster, site: Site, manager: Manager) -> None:
    site.device("worker-1")
    cluster.join("worker-1", loopback(1))
    manager.start()
    cluster.initialised("worker-1")
    time.sleep(3)
    before = manager.requests()
    time.sleep(20)
    assert manager.requests() - before <= 2
