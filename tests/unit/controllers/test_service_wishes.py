# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of Services, EndpointSlices and reservations, and the tags that are written."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest

from controllers.cloud import reservations
from controllers.cloud.reservations import USAGE, Cluster, retagged
from controllers.cloud.services import CLASS, FINALIZER, Service, nodes_of, read, read_slice


def body(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A Service as the API shows it."""
    metadata = {
        "namespace": "default",
        "name": "web",
        "uid": "1",
        "resourceVersion": "7",
        "annotations": annotations,
    }
    ports = [{"port": 80}, {"port": 53, "protocol": "UDP"}]
    return {"metadata": metadata, "spec": {"type": "LoadBalancer", "ports": ports, **spec}}


def test_tags_are_those_of_cloud_provider_equinix_metal() -> None:
    # printf default/web | openssl dgst -sha256 -binary | base64
    assert Service("default", "web", "1").tag == "service=grOt6dAM0WQqTUIOZw1s2Y60hJou4P9m1mieZFyOsz8="
    assert Cluster("abc").tag == "cluster=abc"
    assert USAGE == "usage=cloud-provider-equinix-metal-auto"


@pytest.mark.parametrize(
    ("spec", "ours", "foreign"),
    [
        ({}, True, False),
        ({"loadBalancerClass": CLASS}, True, False),
        ({"loadBalancerClass": "example.com/theirs"}, False, True),
        ({"type": "ClusterIP"}, False, False),
    ],
)
def test_whose_it_is(spec: dict[str, Any], ours: bool, foreign: bool) -> None:
    service = read(body(**spec))
    assert (service.ours, service.foreign) == (ours, foreign)


def test_one_that_goes_is_ours_no_more() -> None:
    shown = body()
    shown["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER, "x/y"]}
    service = read(shown)
    assert service.claimed
    assert not service.ours


def test_what_else_is_kept() -> None:
    told = [{"ip": "192.0.2.1", "ipMode": "VIP"}, {"hostname": "example.com"}]
    annotations = {"metallb.universe.tf/allow-shared-ip": "key", "metal.equinix.com/eip-metro": "da"}
    shown = body(annotations, externalTrafficPolicy="Local", healthCheckNodePort=31000)
    service = read({**shown, "status": {"loadBalancer": {"ingress": told}}})
    assert service.ports == {("TCP", 80), ("UDP", 53)}
    assert (service.local, service.health_port) == (True, 31000)
    assert (service.sharing, service.metro, service.facility) == ("key", "da", None)
    assert service.told == ("192.0.2.1", "example.com")
    assert service.problem is None


@pytest.mark.parametrize(
    "annotation",
    ["metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs", "kube-vip.io/loadbalancerIPs"],
)
def test_an_address_may_be_asked_for(annotation: str) -> None:
    assert read(body({annotation: " 192.0.2.1"})).requested == IPv4Address("192.0.2.1")
    both = read(body({annotation: "192.0.2.1"}, loadBalancerIP="192.0.2.2"))
    assert both.requested == IPv4Address("192.0.2.2")
    for wrong in ("192.0.2.1,192.0.2.2", "2001:db8::1", "mine"):
        service = read(body({annotation: wrong}))
        assert service.requested is None
        assert service.problem == f"annotation {annotation} is {wrong!r}; allowed is one IPv4 address"


def test_a_service_without_ipv4_cannot_have_one() -> None:
    assert "ipFamilies has only IPv6" in str(read(body(ipFamilies=["IPv6"])).problem)
    assert read(body(ipFamilies=["IPv6", "IPv4"])).problem is None


def test_nodes_with_a_ready_part() -> None:
    def shown(*endpoints: dict[str, Any], family: str = "IPv4") -> dict[str, Any]:
        labels = {"kubernetes.io/service-name": "web"}
        return {
            "metadata": {"namespace": "default", "name": "x", "labels": labels},
            "addressType": family,
            "endpoints": list(endpoints),
        }

    unready = {"nodeName": "c", "conditions": {"ready": False}}
    slices = [
        shown({"nodeName": "a", "conditions": {"ready": True}}, unready, {"addresses": ["10.0.0.1"]}),
        shown({"nodeName": "b", "conditions": {}}),
        shown({"nodeName": "d"}, family="IPv6"),
    ]
    assert nodes_of(map(read_slice, slices)) == {("default", "web"): {"a", "b"}}


def test_reservations_that_can_be_used() -> None:
    item = {
        "id": "r",
        "type": "public_ipv4",
        "network": "192.0.2.0",
        "cidr": 30,
        "tags": None,
        "created_at": "2026-01-01T00:00:00Z",
        "metro": {"code": "da"},
        "assignments": [
            {"id": "a", "network": "192.0.2.1", "cidr": 32, "assigned_to": {"href": "/devices/d"}}
        ],
    }
    found = reservations.read(item)
    assert found
    assert found.metro == "da"
    (assignment,) = found.assignments
    assert (str(assignment.network), assignment.device) == ("192.0.2.1/32", "d")
    assert found.at(IPv4Address("192.0.2.1")) == found.covering(IPv4Address("192.0.2.1")) == assignment
    for other in ({"management": True}, {"network": None}, {"type": "private_ipv4"}):
        assert reservations.read({**item, **other}) is None


def test_tags_of_others_keep_their_order() -> None:
    assert retagged(["mine", "old", "yours"], ["new", "mine"], ["old"]) == ["mine", "yours", "new"]


def test_addresses_that_a_cluster_moves() -> None:
    cluster, other = Cluster("one"), Cluster("two")
    address = IPv4Address("192.0.2.1")
    tags = (cluster.moves(address), other.moves(IPv4Address("192.0.2.2")), "address=x@one", cluster.tag)
    found = reservations.Reservation("r", reservations.IPv4Network("192.0.2.0/30"), tags)
    assert cluster.moved(found) == [address]
    assert cluster.alone(found)
    # The Packet API takes tags of 80 characters at most.
    uid = "8e2f4f3c-0000-4000-8000-000000000001"
    assert len(Cluster(uid).moves(IPv4Address("255.255.255.255"))) <= 80
