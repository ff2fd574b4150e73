# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster of one control plane and two workers, from nothing to nothing, as `make up` makes it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request

import pytest
from conftest import Lab
from services import Service, eventually

NODES = ("kubernetes-control-plane-0", "kubernetes-worker-0", "kubernetes-worker-1")
SHUTDOWN = "node.cloudprovider.kubernetes.io/shutdown"


@pytest.fixture(scope="module")
def cluster(lab: Lab) -> Lab:
    """The lab with its cluster."""
    foretold = lab.playbook("site", "--check", "--diff")
    assert foretold.returncode == 0
    assert all(name in foretold.output for name in NODES)
    lab.said = lab.run("up", "--control-planes", "1", "--workers", "2")
    return lab


def test_up_ends_with_what_a_user_needs(cluster: Lab) -> None:
    said = cluster.said
    assert all(name in said for name in NODES)
    assert f"export KUBECONFIG={cluster.state.kubeconfig}" in said
    assert "read what client-0" in said


def test_nodes_know_their_devices_and_use_their_private_addresses(cluster: Lab) -> None:
    nodes = {node["metadata"]["name"]: node for node in cluster.get("nodes")}
    assert sorted(nodes) == sorted(NODES)
    for name, node in nodes.items():
        assert node["spec"]["providerID"] == f"equinixmetal://{cluster.device(name)['id']}"
        assert not any("cloudprovider" in taint["key"] for taint in node["spec"].get("taints") or [])
        addresses = {entry["type"]: entry["address"] for entry in node["status"]["addresses"]}
        assert addresses["InternalIP"].startswith("10.")


def test_a_second_run_changes_nothing(cluster: Lab) -> None:
    recap = cluster.playbook("site")
    assert recap.returncode == 0
    assert set(recap.changed.values()) == {0}, recap.output


def test_a_check_finds_nothing_to_change(cluster: Lab) -> None:
    recap = cluster.playbook("site", "--check", "--diff")
    assert recap.returncode == 0
    assert set(recap.changed.values()) == {0}, recap.output


def test_up_again_converges_quickly(cluster: Lab) -> None:
    start = time.monotonic()
    cluster.run("up", "--control-planes", "1", "--workers", "2")
    assert time.monotonic() - start < 60


def test_logs_exec_and_port_forward_work(cluster: Lab) -> None:
    coredns = cluster.get("pods", "--namespace", "kube-system", "--selector", "k8s-app=kube-dns")[0]
    name = coredns["metadata"]["name"]
    assert "CoreDNS-" in cluster.kubectl("logs", "--namespace", "kube-system", name)
    flannel = cluster.get("pods", "--namespace", "kube-flannel")[0]["metadata"]["name"]
    said = cluster.kubectl("exec", "--namespace", "kube-flannel", flannel, "--", "ip", "-brief", "address")
    assert "flannel.1" in said
    forward = subprocess.Popen(
        [str(cluster.state.kubectl), "--kubeconfig", str(cluster.state.kubeconfig), "port-forward",
         "--namespace", "kube-system", name, ":9153"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert forward.stdout is not None
        port = forward.stdout.readline().split("127.0.0.1:")[1].split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert b"coredns_build_info" in answer.read()
    finally:
        os.kill(forward.pid, signal.SIGTERM)
        forward.wait()


def test_a_corrupted_binary_is_mended_and_nothing_else_is_touched(cluster: Lab) -> None:
    cluster.ssh(NODES[1], "echo broken >>/usr/local/bin/kubectl")
    recap = cluster.playbook("site", "--tags", "prepare")
    assert recap.returncode == 0
    assert {host: count for host, count in recap.changed.items() if count} == {NODES[1]: 1}
    assert cluster.playbook("site", "--tags", "prepare").changed[NODES[1]] == 0


def test_a_rebooted_control_plane_comes_back(cluster: Lab) -> None:
    cluster.act(NODES[0], "reboot")
    assert cluster.playbook("verify").returncode == 0


def test_a_worker_reinstalled_behind_our_back_is_refused_until_its_key_is_forgotten(cluster: Lab) -> None:
    cluster.act(NODES[1], "reinstall")
    refused = cluster.playbook("site")
    assert refused.returncode != 0
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.output
    assert "PLAY [PKI]" not in refused.output, "the run went on without the machine"
    cluster.forget_host_key(NODES[1])
    assert cluster.playbook("site").returncode == 0


def test_a_service_answers_the_host_at_its_elastic_address(cluster: Lab) -> None:
    service = Service(cluster, "everywhere", "Cluster")
    service.make()
    assert eventually(service.answers)
    assert service.holder() in NODES[1:]


def test_its_address_moves_when_its_node_is_powered_off(cluster: Lab) -> None:
    # Only pods of the node that has the address answer, so that all who ask after the move are answered.
    service = Service(cluster, "moving", "Local")
    service.make()
    eventually(service.answers)
    holder = service.holder()
    assert holder
    cluster.act(holder, "power_off", until="inactive")
    began = time.monotonic()
    eventually(lambda: service.holder() not in (holder, None) and service.answers())
    assert time.monotonic() - began < 20
    assert SHUTDOWN in taints(cluster, holder)
    cluster.act(holder, "power_on", until="active")
    eventually(lambda: SHUTDOWN not in taints(cluster, holder))
    service.remove()


def test_the_controller_can_be_removed_and_nodes_stay(cluster: Lab) -> None:
    only = ("--tags", "cloud_controller")
    assert cluster.playbook("site", *only, "-e", "cloud_controller_state=absent").returncode == 0
    daemons = [each["metadata"]["name"] for each in cluster.get("daemonsets", "--namespace", "kube-system")]
    assert daemons == ["kube-proxy"]
    assert all(node["spec"]["providerID"] for node in cluster.get("nodes"))
    assert cluster.playbook("verify").returncode == 0
    assert cluster.playbook("site", *only).returncode == 0


def test_the_node_of_a_deleted_device_goes_and_site_brings_another(cluster: Lab) -> None:
    cluster.delete_device(NODES[2])
    eventually(lambda: NODES[2] not in names(cluster), 120)
    assert cluster.playbook("site").returncode == 0
    assert NODES[2] in names(cluster)


def names(cluster: Lab) -> list[str]:
    """Of all nodes."""
    return [node["metadata"]["name"] for node in cluster.get("nodes")]


def taints(cluster: Lab, name: str) -> list[str]:
    """The keys of a node's taints."""
    (node,) = cluster.get("nodes", "--field-selector", f"metadata.name={name}")
    return [taint["key"] for taint in node["spec"].get("taints") or []]


def test_no_packet_of_a_device_has_left_the_host(cluster: Lab) -> None:
    counters = cluster.counters()
    assert (counters.passed_out, counters.passed_in) == (0, 0)


def test_destroy_and_down_leave_nothing(cluster: Lab) -> None:
    assert cluster.playbook("destroy").returncode == 0
    assert cluster.devices() == []
    # Also those of the Service that was there to the end, and the controller's token.
    assert cluster.reservations() == []
    assert cluster.api_keys() == []
    again = cluster.playbook("destroy")
    assert again.returncode == 0
    assert set(again.changed.values()) == {0}
    names = cluster.names
    cluster.run("down")
    for command in (
        "docker ps --all",
        "docker network ls",
        "ip link",
        "ip route show table all",
        "nft list tables",
    ):
        said = subprocess.run(command.split(), capture_output=True, text=True, check=False).stdout
        assert names.network not in said, command
        assert names.table not in said, command
    assert not cluster.state.root.exists()
