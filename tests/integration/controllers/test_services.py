# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of type LoadBalancer have elastic addresses, on nodes that work, for as long as they are there."""

from __future__ import annotations

import random
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from balanced import KUBE_PROXY, Balanced
from controlled import Cluster, Manager, Site, eventually
from lightkube.resources.core_v1 import Service
from standins import well

CLASS = "packet.kubernetes/elastic-ip"
FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
SHARED = {"metallb.io/allow-shared-ip": "web"}
SECONDS = 20.0
"""Within which an address is to have left a node that does not work."""


@pytest.fixture
def balanced(cluster: Cluster, site: Site, manager: Manager) -> Iterator[Balanced]:
    with ExitStack() as stack:
        found = Balanced(cluster, site, manager, stack)
        yield found
        manager.stop()
        found.clear()


def finalizers(service: Service | None) -> list[str]:
    return list((service and service.metadata and service.metadata.finalizers) or [])


def test_a_service_is_reserved_an_address_that_one_node_has(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web")
    address = balanced.address("web")
    (reservation,) = balanced.made()
    assert reservation["address"] == address
    assert reservation["metro"]["code"] == "sv"
    assert any(tag.startswith("service=") for tag in reservation["tags"])
    assert any(tag.startswith("cluster=") for tag in reservation["tags"])
    assert balanced.holder(address) in balanced.addresses
    assert finalizers(balanced.service("web")) == [FINALIZER]
    eventually(lambda: balanced.events("web", "AddressReserved"))
    eventually(lambda: balanced.events("web", "AddressAssigned"))
    # The next one goes where there is none yet.
    balanced.create("api", loadBalancerClass=CLASS)
    assert balanced.holder(balanced.address("api")) == balanced.other(str(balanced.holder(address)))
    time.sleep(2)
    before = balanced.manager.requests()
    time.sleep(10)
    # The one that waits for events.
    assert balanced.manager.requests() - before <= 1
    metrics = balanced.manager.metrics()
    assert metrics["cloud_service_addresses"] == 2
    assert metrics["cloud_service_address_moves_total"] == 0


def test_the_services_of_others_are_left_alone(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("theirs", loadBalancerClass="example.com/theirs")
    balanced.create("inner", type="ClusterIP")
    balanced.create("web")
    balanced.address("web")
    assert len(balanced.made()) == 1
    for name in ("theirs", "inner"):
        assert not finalizers(balanced.service(name))
        assert not balanced.told(name)


def test_an_address_leaves_a_node_that_does_not_answer_and_does_not_return(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web")
    address = balanced.address("web")
    first = str(balanced.holder(address))
    second = balanced.other(first)
    began = time.monotonic()
    balanced.fail(first)
    eventually(lambda: balanced.holder(address) == second)
    assert time.monotonic() - began < SECONDS
    eventually(lambda: balanced.events("web", "AddressMoved"))
    assert balanced.told("web") == address
    balanced.heal(first)
    time.sleep(6)
    assert balanced.holder(address) == second
    assert balanced.manager.metrics()["cloud_service_address_moves_total"] == 1


def test_an_address_leaves_a_node_that_hangs(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web")
    address = balanced.address("web")
    first = str(balanced.holder(address))
    began = time.monotonic()
    balanced.fail(first)
    # It takes connections and says nothing.
    with socket.create_server((balanced.addresses[first], KUBE_PROXY)):
        eventually(lambda: balanced.holder(address) == balanced.other(first))
    assert time.monotonic() - began < SECONDS


def test_an_address_stays_where_no_node_works_and_a_warning_says_so(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web")
    address = balanced.address("web")
    first = str(balanced.holder(address))
    balanced.fail(balanced.other(first))
    balanced.fail(first)
    (warning,) = eventually(lambda: balanced.events("web", "NoNode"))
    assert f"address {address}: it stays on {first}, which does not work" in warning
    time.sleep(6)
    assert balanced.holder(address) == first
    assert balanced.told("web") == address
    assert len(balanced.events("web", "NoNode")) == 1
    balanced.heal(balanced.other(first))
    eventually(lambda: balanced.holder(address) == balanced.other(first))


def test_an_address_leaves_a_node_that_is_drained(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web")
    address = balanced.address("web")
    first = str(balanced.holder(address))
    began = time.monotonic()
    balanced.cordon(first)
    eventually(lambda: balanced.holder(address) == balanced.other(first))
    assert time.monotonic() - began < SECONDS
    # The last one keeps it though it is to be drained, too.
    balanced.cordon(balanced.other(first))
    time.sleep(3)
    assert balanced.holder(address) == balanced.other(first)


def test_an_address_leaves_a_device_that_is_powered_off_or_deleted(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web")
    address = balanced.address("web")
    first = str(balanced.holder(address))
    began = time.monotonic()
    # Its kube-proxy is left answering: what the API says is enough.
    balanced.site.call("POST", f"/devices/{balanced.devices[first]}/actions", {"type": "power_off"})
    second = balanced.other(first)
    eventually(lambda: balanced.holder(address) == second)
    assert time.monotonic() - began < SECONDS
    balanced.add("worker-3")
    balanced.cluster.initialised("worker-3")
    balanced.fail(second)
    balanced.site.call("DELETE", f"/devices/{balanced.devices[second]}")
    began = time.monotonic()
    eventually(lambda: balanced.holder(address) == "worker-3")
    assert time.monotonic() - began < SECONDS
    assert balanced.told("web") == address


def test_local_traffic_goes_to_nodes_that_run_a_part_of_it(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web", externalTrafficPolicy="Local")
    (warning,) = eventually(lambda: balanced.events("web", "NoNode"))
    assert "no node can take it" in warning
    assert not balanced.told("web")
    service = balanced.service("web")
    assert service
    assert service.spec
    port = int(service.spec.healthCheckNodePort or 0)
    with well(balanced.addresses["worker-1"], port), well(balanced.addresses["worker-2"], port):
        balanced.run_on("web", "worker-2")
        address = balanced.address("web")
        assert balanced.holder(address) == "worker-2"
        balanced.run_on("web", "worker-1")
        eventually(lambda: balanced.holder(address) == "worker-1")


def test_a_service_that_goes_gives_its_address_back(balanced: Balanced) -> None:
    balanced.start()
    for name in ("web", "api"):
        balanced.create(name)
        balanced.address(name)
    balanced.delete("web")
    eventually(lambda: balanced.service("web") is None)
    assert len(balanced.made()) == 1
    balanced.change("api", type="ClusterIP")
    eventually(lambda: not finalizers(balanced.service("api")))
    assert balanced.made() == []
    assert balanced.told("api") is None
    eventually(lambda: balanced.events("api", "AddressReleased"))


def test_what_went_while_nobody_looked_is_released_when_somebody_does(balanced: Balanced) -> None:
    balanced.start()
    for number, name in enumerate(("deleted", "changed", "torn-out", "left")):
        balanced.create(name, 80 + number)
        balanced.address(name)
    left = balanced.told("left")
    balanced.manager.end(signal.SIGKILL)
    balanced.delete("deleted")
    balanced.change("changed", type="NodePort")
    balanced.delete("torn-out")
    balanced.tear_out("torn-out")
    assert balanced.service("deleted") is not None
    balanced.manager.start()
    eventually(lambda: len(balanced.made()) == 1)
    eventually(lambda: balanced.service("deleted") is None)
    eventually(lambda: not finalizers(balanced.service("changed")))
    assert balanced.told("changed") is None
    assert balanced.told("left") == left == balanced.made()[0]["address"]


def test_what_became_somebody_elses_while_nobody_looked_is_let_go(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web")
    balanced.address("web")
    balanced.manager.end(signal.SIGKILL)
    balanced.change("web", type="ClusterIP")
    balanced.change("web", type="LoadBalancer", loadBalancerClass="example.com/theirs")
    assert finalizers(balanced.service("web")) == [FINALIZER]
    balanced.manager.start()
    eventually(lambda: balanced.made() == [])
    assert finalizers(balanced.service("web")) == []
    assert balanced.told("web") is None


def test_what_the_packet_api_refuses_is_quoted_and_tried_again(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web", annotations={"metal.equinix.com/eip-metro": "nowhere"})
    (warning,) = eventually(lambda: balanced.events("web", "Failed"))
    assert warning.startswith("reserving an address in metro nowhere for Service default/web: POST")
    annotations = {"annotations": {"metal.equinix.com/eip-metro": "da"}}
    balanced.api.patch(Service, "web", {"metadata": annotations}, namespace="default")
    # The nodes are in another metro, where an address of this one cannot be.
    eventually(lambda: balanced.events("web", "NoNode"))
    (reservation,) = balanced.made()
    assert reservation["metro"]["code"] == "da"
    assert reservation["assignments"] == []
    assert len(balanced.events("web", "Failed")) == 1


def test_an_address_that_the_user_has_put_somewhere_is_not_taken(balanced: Balanced) -> None:
    path = f"/projects/{balanced.site.project}/ips"
    order = {"type": "public_ipv4", "quantity": 1, "metro": "sv"}
    address = balanced.site.call("POST", path, order)["address"]
    static = balanced.site.device("static")["id"]
    taken = balanced.site.call("POST", f"/devices/{static}/ips", {"address": f"{address}/32"})
    balanced.start()
    balanced.create("web", loadBalancerIP=address)
    (warning,) = eventually(lambda: balanced.events("web", "AddressUnavailable"))
    assert f"address {address} is on device {static}" in warning
    (found,) = balanced.reservations()
    assert found["tags"] == []
    balanced.site.call("DELETE", f"/ips/{taken['id']}")
    assert balanced.address("web") == address


def test_a_requested_address_is_lent_and_given_back(balanced: Balanced) -> None:
    path = f"/projects/{balanced.site.project}/ips"
    order = {"type": "public_ipv4", "quantity": 4, "metro": "sv", "tags": ["mine"]}
    lent = balanced.site.call("POST", path, order)
    network, _, last = str(lent["network"]).rpartition(".")
    address = f"{network}.{int(last) + 2}"
    balanced.start()
    balanced.create("web", annotations={"metallb.io/loadBalancerIPs": address})
    balanced.create("api", loadBalancerIP="203.0.113.250")
    assert balanced.address("web") == address
    (warning,) = eventually(lambda: balanced.events("api", "AddressUnavailable"))
    assert warning.startswith("address 203.0.113.250 is in no reservation of the project; reserve it")
    (found,) = balanced.reservations()
    assert "mine" in found["tags"]
    assert len(found["tags"]) == 4
    # It can be asked for nothing, too.
    balanced.change("api", loadBalancerIP=None)
    assert balanced.address("api") == balanced.made()[0]["address"]
    balanced.delete("web")
    eventually(lambda: balanced.service("web") is None)
    (found,) = [each for each in balanced.reservations() if each["id"] == lent["id"]]
    assert found["tags"] == ["mine"]
    assert found["assignments"] == []
    assert len(balanced.events("api", "AddressUnavailable")) == 1


def test_services_share_an_address_as_far_as_their_ports_differ(balanced: Balanced) -> None:
    balanced.start()
    balanced.create("web", 80, annotations=SHARED)
    address = balanced.address("web")
    balanced.create("tls", 443, annotations=SHARED)
    assert balanced.address("tls") == address
    balanced.create("clash", 80, annotations=SHARED)
    (warning,) = eventually(lambda: balanced.events("clash", "PortInUse"))
    assert f"Service default/web, which shares address {address}, has TCP 80" in warning
    balanced.delete("web")
    # The port is free now.
    assert balanced.address("clash") == address
    balanced.delete("tls")
    balanced.delete("clash")
    eventually(lambda: balanced.service("clash") is None and balanced.service("tls") is None)
    assert balanced.reservations() == []


def test_an_answer_that_was_lost_leads_to_no_second_address(balanced: Balanced) -> None:
    fault = balanced.site.server.command
    fault("fault", "add", "drop", "--route", "POST /projects/*/ips", "--at", "after", "--times", "4")
    fault("fault", "add", "error", "--route", "POST /devices/*/ips", "--at", "after", "--times", "4")
    fault("fault", "add", "error", "--route", "DELETE /ips/*", "--at", "after", "--times", "4")
    balanced.start()
    balanced.create("web")
    address = balanced.address("web")
    assert [each["address"] for each in balanced.made()] == [address]
    assert balanced.holder(address)
    balanced.delete("web")
    eventually(lambda: balanced.service("web") is None)
    assert balanced.reservations() == []


def test_it_may_be_killed_at_any_moment(balanced: Balanced) -> None:
    chosen = random.Random(6)
    names = [f"web-{number}" for number in range(6)]
    # So that there is a moment between any two requests.
    balanced.site.server.command("fault", "add", "latency", "--seconds", "0.05")
    balanced.manager.start()
    for name in names:
        balanced.create(name)
        time.sleep(chosen.uniform(0.1, 0.8))
        balanced.manager.end(signal.SIGKILL)
        balanced.manager.start("--leader-elect", "false")
    told = {balanced.address(name) for name in names}
    assert len(told) == len(names)
    assert {each["address"] for each in balanced.made()} == told
    assert all(balanced.holder(address) for address in told)
    for name in names:
        balanced.delete(name)
        time.sleep(chosen.uniform(0.1, 0.4))
        balanced.manager.end(signal.SIGKILL)
        balanced.manager.start("--leader-elect", "false")
    eventually(lambda: not any(balanced.service(name) for name in names))
    assert balanced.reservations() == []
