# SPDX-License-Identifier: GPL-3.0-or-later
"""The control planes' address follows one whose API server is ready."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import pytest
from controlled import Cluster, Manager, Site, eventually, loopback
from standins import well

TAG = "cluster-api-provider-packet:cluster-id:test"
PORT = 6443
CONTROL_PLANE = {"node-role.kubernetes.io/control-plane": ""}
ADDRESSES = {"cp-1": loopback(1), "cp-2": loopback(2)}


class Plane:
    """Two control planes, with an address that was given to the first."""

    def __init__(self, cluster: Cluster, site: Site, manager: Manager) -> None:
        self.site = site
        self.devices = {name: site.device(name)["id"] for name in ADDRESSES}
        path = f"/projects/{site.project}/ips"
        self.reservation = site.call(
            "POST", path, {"type": "public_ipv4", "quantity": 1, "metro": "sv", "tags": [TAG]}
        )
        self.give("cp-1")
        for name, address in ADDRESSES.items():
            cluster.join(name, address, **CONTROL_PLANE)
        self._pki = cluster.kubeconfig.parent
        self._start = lambda: manager.start(environment={"METAL_EIP_TAG": TAG})

    def start(self) -> None:
        self._start()

    def ready(self, name: str) -> Any:
        """A stand-in for the API server of a control plane."""
        return well(ADDRESSES[name], PORT, self._pki)

    def give(self, name: str) -> None:
        address = {"address": f"{self.reservation['address']}/32"}
        self.site.call("POST", f"/devices/{self.devices[name]}/ips", address)

    def holders(self) -> list[str]:
        """Who has the address."""
        found = self.site.call("GET", f"/ips/{self.reservation['id']}?include=assignments")
        ids = [each["assigned_to"]["href"].rpartition("/")[2] for each in found["assignments"]]
        return [name for name, id_ in self.devices.items() if id_ in ids]


@pytest.fixture
def plane(cluster: Cluster, site: Site, manager: Manager) -> Plane:
    return Plane(cluster, site, manager)


def test_it_leaves_a_control_plane_that_does_not_answer_and_does_not_return(plane: Plane) -> None:
    with ExitStack() as first, plane.ready("cp-2"):
        first.enter_context(plane.ready("cp-1"))
        plane.start()
        time.sleep(6)
        assert plane.holders() == ["cp-1"]
        first.close()
        began = time.monotonic()
        eventually(lambda: plane.holders() == ["cp-2"])
        assert time.monotonic() - began < 20
        with plane.ready("cp-1"):
            time.sleep(6)
            assert plane.holders() == ["cp-2"]


def test_it_stays_where_it_is_while_none_answers(plane: Plane) -> None:
    plane.start()
    time.sleep(10)
    assert plane.holders() == ["cp-1"]
    with plane.ready("cp-2"):
        eventually(lambda: plane.holders() == ["cp-2"])


def test_it_is_given_to_one_when_nobody_has_it(plane: Plane) -> None:
    found = plane.site.call("GET", f"/ips/{plane.reservation['id']}?include=assignments")
    plane.site.call("DELETE", f"/ips/{found['assignments'][0]['id']}")
    with plane.ready("cp-1"):
        plane.start()
        eventually(lambda: plane.holders() == ["cp-1"])


def test_a_move_that_broke_in_the_middle_is_completed(plane: Plane) -> None:
    plane.site.server.command("fault", "add", "error", "--route", "POST /devices/*/ips", "--times", "2")
    with plane.ready("cp-2"):
        plane.start()
        eventually(lambda: plane.holders() == ["cp-2"])
