# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a driver's network offers, and how free ones are found in it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network


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
