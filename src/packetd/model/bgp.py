# SPDX-License-Identifier: GPL-3.0-or-later
"""Peering with the network that devices are on, as Packet had it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypedDict

# The private number that devices of a "local" deployment peer as, and that of the routers.
LOCAL_ASN, PEER_ASN = 65000, 65530
HIGHEST_ASN = 2**32 - 1
# How many routes a device may announce.
MAX_PREFIX = 10
# The routers: the same two for all devices, a hop away.
PEERS = {"ipv4": ("169.254.255.1", "169.254.255.2"), "ipv6": ("fc00:0000:0000:0000:0000:0000:0000:000e",)}
DEFAULT_ROUTE = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}
FAMILIES = {"ipv4": 4, "ipv6": 6}


class Deployment(StrEnum):
    """Who learns the routes: the devices' own network, or the Internet."""

    LOCAL = "local"
    GLOBAL = "global"


def status_of(deployment: Deployment) -> str:
    """What the configuration of a project is at once: the Internet's is for people to approve."""
    return "enabled" if deployment is Deployment.LOCAL else "requested"


class BGPRoute(TypedDict):
    """A network that is announced, with all networks in it unless ``exact``."""

    route: str
    exact: bool


class BGPNeighbor(TypedDict):
    """Whom a device shall peer with, and what each tells the other."""

    address_family: int
    customer_as: int
    customer_ip: str
    md5_enabled: bool
    md5_password: str | None
    multihop: bool
    peer_as: int
    peer_ips: list[str]
    routes_in: list[BGPRoute]
    routes_out: list[BGPRoute]


def neighbor(
    family: str, *, asn: int, md5: str | None, address: str, subnets: Sequence[str], default_route: bool
) -> BGPNeighbor:
    """The peering of a device that has this ``address`` itself and these ``subnets`` of its project.

    A default route is announced to the device only where its session asks for it.
    """
    return {
        "address_family": FAMILIES[family],
        "customer_as": asn,
        "customer_ip": address,
        "md5_enabled": md5 is not None,
        "md5_password": md5,
        "multihop": True,
        "peer_as": PEER_ASN,
        "peer_ips": list(PEERS[family]),
        "routes_in": [{"route": subnet, "exact": False} for subnet in subnets],
        "routes_out": [{"route": DEFAULT_ROUTE[family], "exact": True}] if default_route else [],
    }
