# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that a cluster's settings have to keep, beyond being of the right type. Pure.

This plugin util is PRIVATE to the collection. Each rule yields sentences that name the setting, its value and
what is allowed, so that everything wrong can be shown at once, before anything is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from itertools import combinations
from typing import Any

Settings = Mapping[str, Any]
Rule = Callable[[Settings], Iterator[str]]

PACKET_PRIVATE = IPv4Network("10.0.0.0/8")
"""Where Packet takes the private addresses of devices from."""

NODE_PREFIX = 24
"""The prefix length of what each node gets of the pods' range; kubeadm's default."""

POD_PREFIXES = range(NODE_PREFIX - 16, 21)
"""Kubernetes divides a range into 2^16 parts at most; less than /20 leaves no room for 16 nodes."""

SERVICE_PREFIXES = range(12, 29)
"""The API server takes no more than 2^20 addresses; kubeadm gives the tenth to the cluster's DNS."""

CLUSTER_NAME_LENGTH = 40
"""So that hostnames made of it, as <cluster>-control-plane-<n>, stay within the 63 characters of a label."""

CONTROL_PLANES = (1, 3, 5, 7)
"""etcd needs a majority, so an even number adds a machine that can fail and no safety."""

NODE_PORTS = range(30000, 32768)
TAKEN_PORTS = {
    22: "SSH",
    2379: "etcd",
    2380: "etcd",
    10248: "the kubelet",
    10249: "kube-proxy",
    10250: "the kubelet",
    10256: "kube-proxy",
    10257: "the controller manager",
    10258: "the cloud controller manager",
    10259: "the scheduler",
}
"""What else listens on a control plane."""

KUBECONFIG_DAYS = range(61, 36501)
"""A kubeconfig is renewed 60 days before its end, so a shorter one would be renewed by each run."""

_UNUSABLE = tuple(IPv4Network(each) for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))
"""This host, loopback, link-local, multicast and reserved (RFC 6890)."""

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DNS_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_CLUSTER_NAME = re.compile(rf"(?=.{{1,{CLUSTER_NAME_LENGTH}}}$)[a-z]([a-z0-9-]*[a-z0-9])?")
_VERSION = re.compile(r"v(\d{1,3}\.\d{1,3})\.\d{1,3}")


def problems(settings: Settings) -> list[str]:
    """What is wrong with a cluster's settings, a sentence for each; empty if all is well.

    Takes cluster_name, version, pod_cidr, service_cidr, dns_domain, api_port, control_planes and workers
    (how many of them), ca_days and kubeconfig_days; and where they are known, endpoint (an IPv4 address or
    DNS name), node_networks (the ranges that nodes have addresses from) and supported_versions.
    """
    return [sentence for rule in _RULES for sentence in rule(settings)]


def _cluster_name(settings: Settings) -> Iterator[str]:
    name = settings.get("cluster_name")
    if not isinstance(name, str) or not _CLUSTER_NAME.fullmatch(name):
        yield (
            f"cluster_name is {name!r}; allowed are 1 to {CLUSTER_NAME_LENGTH} of a-z, 0-9 and -, "
            "beginning with a letter and not ending with -"
        )


def _version(settings: Settings) -> Iterator[str]:
    version = settings.get("version")
    supported = list(settings.get("supported_versions") or [])
    minors = sorted({match[1] for each in supported if (match := _VERSION.fullmatch(str(each)))})
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None or (minors and match[1] not in minors):
        allowed = (
            f"{', '.join(map(str, supported))} and others of the form v<minor>.<patch> of {', '.join(minors)}"
        )
        yield f"version is {version!r}; allowed are {allowed if supported else 'versions of the form vX.Y.Z'}"


def _control_planes(settings: Settings) -> Iterator[str]:
    if _integer(count := settings.get("control_planes")) not in CONTROL_PLANES:
        yield f"control_planes is {count!r}; allowed are 1, 3, 5 and 7, because etcd needs a majority"


def _workers(settings: Settings) -> Iterator[str]:
    if (number := _integer(count := settings.get("workers"))) is None or number < 0:
        yield f"workers is {count!r}; allowed are 0 and more"


def _dns_domain(settings: Settings) -> Iterator[str]:
    domain = settings.get("dns_domain")
    if not isinstance(domain, str) or not _DNS_NAME.fullmatch(domain):
        yield f"dns_domain is {domain!r}; allowed are DNS names in lower case such as cluster.local"


def _api_port(settings: Settings) -> Iterator[str]:
    port = settings.get("api_port")
    number = _integer(port)
    if number is None or not 1 <= number <= 65535:
        yield f"api_port is {port!r}; allowed are 1 to 65535"
    elif number in TAKEN_PORTS:
        yield f"api_port is {number}, where {TAKEN_PORTS[number]} listens; allowed are ports that are free"
    elif number in NODE_PORTS:
        yield (
            f"api_port is {number}; allowed are ports outside {NODE_PORTS[0]}-{NODE_PORTS[-1]}, "
            "which Services of type NodePort take"
        )


def _ca_days(settings: Settings) -> Iterator[str]:
    if not 1 <= (_integer(days := settings.get("ca_days")) or 0) <= 36500:
        yield f"ca_days is {days!r}; allowed are 1 to 36500"


def _kubeconfig_days(settings: Settings) -> Iterator[str]:
    if _integer(days := settings.get("kubeconfig_days")) not in KUBECONFIG_DAYS:
        yield (
            f"kubeconfig_days is {days!r}; allowed are {KUBECONFIG_DAYS[0]} to {KUBECONFIG_DAYS[-1]}, "
            "because the certificate is renewed 60 days before its end"
        )


def _pod_cidr(settings: Settings) -> Iterator[str]:
    network = yield from _network_of("pod_cidr", settings.get("pod_cidr"), POD_PREFIXES)
    nodes = (_integer(settings.get("control_planes")) or 0) + (_integer(settings.get("workers")) or 0)
    if network is not None and nodes > (room := 2 ** (NODE_PREFIX - network.prefixlen)):
        yield (
            f"pod_cidr is {network}, which has a /{NODE_PREFIX} for {room} nodes; "
            f"allowed are larger ranges, because there are {nodes}"
        )


def _service_cidr(settings: Settings) -> Iterator[str]:
    yield from _network_of("service_cidr", settings.get("service_cidr"), SERVICE_PREFIXES)


def _overlaps(settings: Settings) -> Iterator[str]:
    ranges = [
        (field, network)
        for field in ("pod_cidr", "service_cidr")
        if (network := _network(settings.get(field))) is not None
    ]
    for (field, network), (other_field, other) in combinations(ranges, 2):
        if network.overlaps(other):
            yield f"{field} is {network} and overlaps {other_field} {other}; allowed are ranges apart"
    nodes = [
        network for each in settings.get("node_networks") or [] if (network := _network(each)) is not None
    ]
    for field, network in ranges:
        for other in nodes or [PACKET_PRIVATE]:
            if network.overlaps(other):
                yield (
                    f"{field} is {network} and overlaps {other}, where nodes have addresses; "
                    "allowed are ranges apart from those of the nodes"
                )


def _node_networks(settings: Settings) -> Iterator[str]:
    for each in settings.get("node_networks") or []:
        if _network(each) is None:
            yield f"node_networks has {each!r}; allowed are IPv4 ranges such as 10.0.0.0/8"


def _endpoint(settings: Settings) -> Iterator[str]:
    endpoint = settings.get("endpoint")
    if not endpoint:
        return
    address = _address(endpoint)
    if address is None:
        # A name whose last part is a number is a misspelt address (RFC 1123, 2.1).
        name = isinstance(endpoint, str) and _DNS_NAME.fullmatch(endpoint)
        if not name or endpoint.rpartition(".")[2].isdigit():
            yield f"endpoint is {endpoint!r}; allowed are an IPv4 address or a DNS name, without a port"
        return
    for field in ("pod_cidr", "service_cidr"):
        network = _network(settings.get(field))
        if network is not None and address in network:
            yield f"endpoint is {endpoint}, inside {field} {network}; allowed are addresses outside"


_RULES: tuple[Rule, ...] = (
    _cluster_name,
    _version,
    _control_planes,
    _workers,
    _endpoint,
    _api_port,
    _dns_domain,
    _pod_cidr,
    _service_cidr,
    _node_networks,
    _overlaps,
    _ca_days,
    _kubeconfig_days,
)


def _network_of(field: str, value: Any, prefixes: range) -> Generator[str, None, IPv4Network | None]:
    """Yields what is wrong with a range, and returns the range if it is one that can be used."""
    network = _network(value)
    if network is None:
        yield f"{field} is {value!r}; allowed are IPv4 ranges such as 172.26.0.0/16, without host bits"
        return None
    if any(network.overlaps(reserved) for reserved in _UNUSABLE):
        yield f"{field} is {network}, in part set aside for other uses (RFC 6890); allowed are private ranges"
        return None
    if network.prefixlen not in prefixes:
        yield f"{field} is {network}; allowed are prefix lengths from /{prefixes[0]} to /{prefixes[-1]}"
        return None
    return network


def _network(value: Any) -> IPv4Network | None:
    try:
        return IPv4Network(value) if isinstance(value, str) and "/" in value else None
    except (AddressValueError, NetmaskValueError, ValueError):
        return None


def _address(value: Any) -> IPv4Address | None:
    try:
        return IPv4Address(value) if isinstance(value, str) else None
    except AddressValueError:
        return None


def _integer(value: Any) -> int | None:
    """A whole number, also as the text that `ansible-playbook -e workers=3` makes of one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    return None
