# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a driver's network offers, and how free ones are found in it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class NetworkPlan:
    """The ranges a driver gives to devices; none overlaps another, nor anything else on the host.

    ``public`` and ``private`` are on the devices' own network. ``elastic`` holds the addresses of
    reservations, which are routed to whichever device they are assigned to. ``gateway`` is the first
    host address of ``public``, and ``private_gateway`` that of ``private``: the host's own end.
    ``bridge`` names the host's interface; it is None when the network exists only on paper.
    ``public6`` is None where devices have no IPv6.
    """

    public: IPv4Network
    elastic: IPv4Network
    private: IPv4Network
    bridge: str | None = None
    public6: IPv6Network | None = None

    def of(self, family: int, *, public: bool) -> Network | None:
        """Where devices have addresses of this kind from, None for a kind that they cannot have."""
        if family == 6:
            return self.public6 if public else None
        return self.public if public else self.private

    def __str__(self) -> str:
        return f"the ranges {self.public}, {self.elastic} and {self.private}"

    def same_ranges(self, other: NetworkPlan) -> bool:
        """Whether addresses of one belong into the other, on whatever bridge."""
        return (self.public, self.elastic, self.private) == (other.public, other.elastic, other.private)

    @property
    def gateway(self) -> IPv4Address:
        """The host's address in the public range, the default gateway of every device."""
        return self.public[1]

    @property
    def private_gateway(self) -> IPv4Address:
        """The host's address in the private range."""
        return self.private[1]


class ExhaustedError(Exception):
    """No free address is left in a range."""


def gateway_of(network: Network) -> Address:
    """The first host address: the end of whoever routes for the others."""
    return network[1]


def free_hosts(
    network: Network, held: int, count: int, taken: Callable[[list[Address]], Collection[Address]]
) -> list[Address]:
    """``count`` free host addresses of ``network``, ascending; raises ExhaustedError.

    ``held`` is how many are taken; ``taken`` tells those among some.
    """
    found: list[Address] = []
    looks = windows(network, held, count)
    while len(found) < count and (window := next(looks, None)):
        used = taken(window)
        found += [address for address in reversed(window) if address not in used]
    if len(found) < count:
        raise ExhaustedError(f"{network} has {len(found)} free addresses, {count} were asked for")
    return sorted(found[:count], key=int)


def windows(network: Network, held: int, count: int) -> Iterator[list[Address]]:
    """Where to look for ``count`` free host addresses, ``held`` being taken: one window after the other.

    Never the network's own address, an IPv4 broadcast address, nor the first host: that is the gateway.
    As the first ``held + count`` hosts must hold enough free ones, only these are looked at, from their
    end, each time at twice as many: that is one short look where none was given back, however many are
    taken.
    """
    last = int(network.broadcast_address) - (network.version == 4)
    first = int(network.network_address) + 2
    end = min(first + held + count, last + 1)
    kind = type(network.network_address)
    size = max(count, 1)
    while end > first:
        begin = max(first, end - size)
        yield [kind(number) for number in range(begin, end)]
        size *= 2
        end = begin


def free_block(pool: IPv4Network, taken: Iterable[IPv4Network], prefix: int) -> IPv4Network:
    """The lowest block of ``prefix`` bits in ``pool`` that overlaps no taken one; raises ExhaustedError.

    Every address of the pool may be used: elastic addresses are routed one by one, so none of them is
    a network or broadcast address.
    """
    if prefix < pool.prefixlen:
        raise ExhaustedError(f"{pool} is smaller than a /{prefix}")
    size = 1 << (32 - prefix)
    start = int(pool.network_address)
    for block in sorted(taken):
        if start + size <= int(block.network_address):
            break
        # Up to the next boundary of the wanted size behind the taken block.
        behind = int(block.broadcast_address) + 1
        start = max(start, (behind + size - 1) // size * size)
    if start + size - 1 > int(pool.broadcast_address):
        raise ExhaustedError(f"{pool} has no free block of {size} addresses")
    return IPv4Network((start, prefix))


def choose_free(candidates: Iterable[IPv4Network], used: Collection[IPv4Network]) -> IPv4Network:
    """The first candidate that overlaps nothing used; raises ExhaustedError."""
    for candidate in candidates:
        if not any(candidate.overlaps(other) for other in used):
            return candidate
    raise ExhaustedError("every candidate network overlaps one that this host uses")


def block_id(project_id: str, facility: str, network: str) -> str:
    """The id of what a project has of a network in a facility: derived, so that it needs no storing."""
    digest = hashlib.sha256(f"{project_id}/{facility}/{network}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
