# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Service of type LoadBalancer wants, and where what stands behind it runs. Pure.

Tags are those of cloud-provider-equinix-metal, so that what it has reserved is taken over. The annotations
are its own, and those by which MetalLB and kube-vip, which it worked with, are told of addresses.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from controllers.runtime.kubernetes import Key

CLASS = "packet.kubernetes/elastic-ip"
"""The loadBalancerClass of ours; Services that name none are ours too."""
FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
METRO = "metal.equinix.com/eip-metro"
FACILITY = "metal.equinix.com/eip-facility"
REQUESTED = (
    "metallb.io/loadBalancerIPs",
    "metallb.universe.tf/loadBalancerIPs",
    "kube-vip.io/loadbalancerIPs",
)
SHARING = ("metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip")
_SERVICE_OF_SLICE = "kubernetes.io/service-name"

Port = tuple[str, int]
"""Protocol and port."""


@dataclass(frozen=True)
class Service:
    """What matters of a Service."""

    namespace: str
    name: str
    uid: str
    created: str = ""
    balanced: bool = True
    """Whether it is of type LoadBalancer."""
    foreign: bool = False
    """Whether it is somebody else's to balance."""
    leaving: bool = False
    claimed: bool = False
    """Whether it has our finalizer."""
    ports: frozenset[Port] = frozenset()
    local: bool = False
    """Whether only nodes that run a part of it may take its traffic."""
    health_port: int | None = None
    """Where a node says whether it runs a part; of local ones."""
    requested: IPv4Address | None = None
    sharing: str | None = None
    metro: str | None = None
    facility: str | None = None
    told: tuple[str, ...] = ()
    """The addresses in its status."""
    problem: str | None = None
    """Why it cannot have what it asks for, whatever there is."""
    version: str = field(default="", compare=False)

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def ours(self) -> bool:
        """Whether it is to have an address from us."""
        return self.balanced and not self.foreign and not self.leaving

    @cached_property
    def tag(self) -> str:
        """By which a reservation says that it is this Service's."""
        digest = hashlib.sha256(str(self).encode()).digest()
        return f"service={base64.b64encode(digest).decode()}"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Slice:
    """Nodes that run a ready part of a Service, by one EndpointSlice."""

    service: Key
    nodes: frozenset[str]


def read(body: Mapping[str, Any]) -> Service:
    """A Service as the cluster's API shows it."""
    metadata, spec = body["metadata"], body.get("spec") or {}
    annotations = metadata.get("annotations") or {}
    balanced = spec.get("type") == "LoadBalancer"
    requested, problem = _requested(spec, annotations)
    if "IPv4" not in (spec.get("ipFamilies") or ["IPv4"]):
        problem = "ipFamilies has only IPv6; elastic addresses are IPv4, so IPv4 has to be among them"
    local = spec.get("externalTrafficPolicy") == "Local"
    return Service(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        version=metadata["resourceVersion"],
        created=metadata.get("creationTimestamp") or "",
        balanced=balanced,
        foreign=balanced and spec.get("loadBalancerClass") not in (None, CLASS),
        leaving=bool(metadata.get("deletionTimestamp")),
        claimed=FINALIZER in (metadata.get("finalizers") or []),
        ports=frozenset((port.get("protocol", "TCP"), port["port"]) for port in spec.get("ports") or []),
        local=local,
        health_port=(spec.get("healthCheckNodePort") or None) if local else None,
        requested=requested,
        sharing=_first(annotations, SHARING)[1],
        metro=annotations.get(METRO) or None,
        facility=annotations.get(FACILITY) or None,
        told=_told(body.get("status") or {}),
        problem=problem,
    )


def read_slice(body: Mapping[str, Any]) -> Slice:
    """An EndpointSlice as the cluster's API shows it; one of IPv6 takes none of our traffic."""
    metadata = body["metadata"]
    endpoints = (body.get("endpoints") or []) if body.get("addressType") == "IPv4" else []
    ready = [each for each in endpoints if (each.get("conditions") or {}).get("ready") is not False]
    name = (metadata.get("labels") or {}).get(_SERVICE_OF_SLICE, "")
    return Slice(
        (metadata["namespace"], name), frozenset(each["nodeName"] for each in ready if each.get("nodeName"))
    )


def nodes_of(slices: Iterable[Slice]) -> dict[Key, frozenset[str]]:
    """The nodes that run a ready part of each Service."""
    found: dict[Key, frozenset[str]] = {}
    for each in slices:
        found[each.service] = found.get(each.service, frozenset()) | each.nodes
    return found


def _requested(
    spec: Mapping[str, Any], annotations: Mapping[str, str]
) -> tuple[IPv4Address | None, str | None]:
    """The address that it asks for, or what is wrong with it."""
    annotation, annotated = _first(annotations, REQUESTED)
    text, place = spec.get("loadBalancerIP"), "spec.loadBalancerIP"
    if not text:
        text, place = annotated, f"annotation {annotation}"
    if not text:
        return None, None
    try:
        return IPv4Address(text.strip()), None
    except AddressValueError:
        return None, f"{place} is {text!r}; allowed is one IPv4 address"


def _first(annotations: Mapping[str, str], names: Iterable[str]) -> tuple[str | None, str | None]:
    return next(((name, annotations[name]) for name in names if annotations.get(name)), (None, None))


def _told(status: Mapping[str, Any]) -> tuple[str, ...]:
    ingress = (status.get("loadBalancer") or {}).get("ingress") or []
    return tuple(str(each.get("ip") or each.get("hostname")) for each in ingress)
