# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a driver's network offers, and how free ones are found in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import islice


@dataclass(frozen=True)
class NetworkPlan:
    """The ranges a driver gives to devices; none overlaps another, nor anything else on the host.

    ``public`` and ``private`` are on the devices' own network. ``elastic`` holds the addresses of
    reservations, which are routed to whichever device they are assigned to. ``gateway`` is the first
    host address of ``public``, and ``private_gateway`` that of ``private``: the host's own end.
    ``bridge`` names the host's interface; it is None when the network exists only on paper.
    """

    public: IPv4Network
    elastic: IPv4Network
    private: IPv4Network
    bridge: str | None = None

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


def free_hosts(network: IPv4Network, taken: Collection[IPv4Address], count: int) -> list[IPv4Address]:
    """The ``count`` lowest free host addresses of ``network``; raises ExhaustedError.

    Never the network's own address, its broadcast address, nor the first host: that is the gateway.
    """
    free = (
        address
        for number in range(int(network.network_address) + 2, int(network.broadcast_address))
        if (address := IPv4Address(number)) not in taken
    )
    found = list(islice(free, count))
    if len(found) < count:
        raise ExhaustedError(f"{network} has {len(found)} free addresses, {count} were asked for")
    return found


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
