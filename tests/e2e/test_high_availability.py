# SPDX-License-Identifier: GPL-3.0-or-later
"""Three control planes, made by a run that is killed again and again."""

from __future__ import annotations

import time
from typing import Any

import pytest
from conftest import Lab
from services import eventually

# A line that a phase prints when it begins, and how long it is left to work: each falls into another phase.
KILLS = (
    ("Have all devices, active", 1.0),
    ("Bring the machine to its wanted state", 2.0),
    ("Make the first control plane", 4.0),
    ("Join the control plane", 6.0),
    ("Join the worker", 0.5),
)
COUNTS = ("--control-planes", "3", "--workers", "1")


@pytest.fixture(scope="module")
def cluster(lab: Lab) -> Lab:
    """A cluster that was completed after all kills."""
    lab.run("serve", *COUNTS)
    for line, seconds in KILLS:
        lab.kill_playbook("site", at=line, after=seconds)
    assert lab.playbook("site").returncode == 0
    lab.keep_kubectl()
    return lab


def test_no_device_was_made_twice(cluster: Lab) -> None:
    hostnames = sorted(device["hostname"] for device in cluster.devices())
    assert hostnames == [*(f"kubernetes-control-plane-{n}" for n in range(3)), "kubernetes-worker-0"]


def test_all_control_planes_serve_the_endpoint_and_hold_etcd(cluster: Lab) -> None:
    nodes = cluster.get("nodes", "--selector", "node-role.kubernetes.io/control-plane")
    assert len(nodes) == 3
    assert_three_voters(cluster)


def assert_three_voters(cluster: Lab) -> None:
    """etcd has three members, all started, and none of them a learner."""
    members = cluster.kubectl(
        "exec", "--namespace", "kube-system", "etcd-kubernetes-control-plane-0", "--", "etcdctl",
        "--cacert=/etc/kubernetes/pki/etcd/ca.crt", "--cert=/etc/kubernetes/pki/etcd/server.crt",
        "--key=/etc/kubernetes/pki/etcd/server.key", "member", "list",
    ).splitlines()  # fmt: skip
    assert len(members) == 3
    assert all(", started, " in line and line.endswith(", false") for line in members), members


def test_a_second_run_changes_nothing(cluster: Lab) -> None:
    recap = cluster.playbook("site")
    assert recap.returncode == 0
    assert set(recap.changed.values()) == {0}, recap.output


def test_the_endpoint_leaves_a_control_plane_that_is_off(cluster: Lab) -> None:
    (endpoint,) = [item["address"] for item in cluster.reservations()]
    holder = cluster.holder(endpoint)
    assert holder
    cluster.act(holder, "power_off", until="inactive")
    began = time.monotonic()
    eventually(lambda: cluster.holder(endpoint) not in (holder, None))
    print(f"the endpoint moved within {time.monotonic() - began:.0f} s")
    assert len(eventually(lambda: _nodes(cluster))) == 4
    cluster.act(holder, "power_on", until="active")
    assert cluster.playbook("verify").returncode == 0
    assert cluster.holder(endpoint) != holder, "it went back without need"


def _nodes(cluster: Lab) -> list[dict[str, Any]]:
    """All nodes; none while the API does not answer."""
    try:
        return cluster.get("nodes", "--request-timeout=3s")
    except AssertionError:
        return []


@pytest.mark.parametrize("number", [0, 1])
def test_a_control_plane_reinstalled_behind_our_back_joins_again(cluster: Lab, number: int) -> None:
    """Also the one that the cluster was made on, which holds the elastic IP."""
    hostname = f"kubernetes-control-plane-{number}"
    cluster.act(hostname, "reinstall")
    cluster.forget_host_key(hostname)
    assert cluster.playbook("site").returncode == 0
    assert_three_voters(cluster)
    recap = cluster.playbook("site")
    assert set(recap.changed.values()) == {0}, recap.output
