# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices' network: ranges nobody uses, a bridge of our own name, routes for elastic addresses.

The ranges are chosen once, at the first start, and kept in ``network.json`` of the state directory,
since devices and reservations have addresses from them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from pathlib import Path

from packetd.drivers import DriverError
from packetd.drivers.docker import client, firewall, host
from packetd.drivers.docker.names import Names
from packetd.model.addresses import NetworkPlan

# Ranges of clusters: of this project, and the defaults of kubeadm and flannel that people write down.
RESERVED = tuple(map(IPv4Network, ("172.25.0.0/16", "172.26.0.0/16", "10.96.0.0/12", "10.244.0.0/16")))
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
# First the space of carriers (RFC 6598). Never the ranges for documentation (RFC 5737): sites exist that
# use them for their own machines, a package mirror for one, behind a default route that does not tell.
_PUBLIC = (IPv4Network("100.64.0.0/10"), *_PRIVATE)


def choose(taken: Iterable[IPv4Network], names: Names) -> NetworkPlan:
    """Find a /24 for public and elastic addresses and one for private ones that overlap nothing taken.

    Where in a large range is decided by the names, so that two states that choose at the same moment
    hardly ever choose the same. Raises DriverError when everything is taken.
    """
    taken, seed = (*taken, *RESERVED), int(names.short, 16)
    both = _free(_PUBLIC, taken, seed)
    public, elastic = both.subnets()
    private = _free(_PRIVATE, (*taken, both), seed)
    return NetworkPlan(public=public, elastic=elastic, private=private, bridge=names.network)


def _free(ranges: Iterable[IPv4Network], taken: Iterable[IPv4Network], seed: int) -> IPv4Network:
    for whole in ranges:
        gaps = [whole]
        for network in taken:
            gaps = [rest for gap in gaps for rest in _without(gap, network) if rest.prefixlen <= 24]
        if gaps:
            gap = gaps[seed % len(gaps)]
            block = seed % (1 << (24 - gap.prefixlen))
            return IPv4Network((int(gap.network_address) + (block << 8), 24))
    raise DriverError("no free /24 for devices: the host has routes to every candidate range")


def _without(gap: IPv4Network, network: IPv4Network) -> Iterable[IPv4Network]:
    """What is left of the gap beside the network."""
    if not gap.overlaps(network):
        return (gap,)
    return () if gap.subnet_of(network) else gap.address_exclude(network)


class DeviceNetwork:
    """The network of one state, on the host and in Docker."""

    def __init__(self, names: Names, state: Path, *, egress: bool) -> None:
        self._names = names
        self._file = state / "network.json"
        self._egress = egress

    def ensure(self) -> NetworkPlan:
        """Make what is missing (after a reboot of the host: nearly all) and return the ranges."""
        plan = self._load()
        if not client.exists("network", self._names.network):
            plan = self._make(plan)
        elif plan is None:
            raise DriverError(
                f"Docker network {self._names.network} is left over from an earlier state in this directory; "
                f"remedy: packetd destroy --state {self._file.parent}"
            )
        self._tune(plan)
        firewall.apply(self._names, plan, egress=self._egress)
        return plan

    def adopt(self, plan: NetworkPlan) -> None:
        """Keep these ranges, as if they had been chosen here; raises DriverError when others were."""
        kept = self._load()
        if kept is None:
            self._save(plan)
        elif not kept.same_ranges(plan):
            raise DriverError(f"{self._file} has {kept}; remedy: give --state a new directory")

    def remove(self) -> None:
        """Take away network, routes, packet filter and the choice of ranges; none there is fine."""
        if client.exists("network", self._names.network):
            client.run("network", "rm", self._names.network)
        plan = self._load()
        if plan is not None:
            host.run("ip", "route", "flush", "exact", str(plan.elastic), "type", "unreachable")
        firewall.remove(self._names)
        self._file.unlink(missing_ok=True)

    def route(self, network: IPv4Network, via: str | None) -> None:
        """Send an elastic network to the device with the public address ``via``; None: to nobody."""
        if via is None:
            host.run("ip", "route", "flush", "exact", str(network), "dev", self._names.network)
        else:
            host.run("ip", "route", "replace", str(network), "via", via, "dev", self._names.network)

    def _make(self, kept: NetworkPlan | None) -> NetworkPlan:
        """Create Docker's network, with the ranges kept from earlier or else with new ones."""
        taken = set(self._taken(kept))
        if kept is not None:
            for network in (kept.public, kept.elastic, kept.private):
                rival = next((other for other in taken if other.overlaps(network)), None)
                if rival is not None:
                    raise DriverError(
                        f"{self._file}: {network} is in use on this host by {rival}; remedy: free it, "
                        f"or give the devices up with packetd destroy --state {self._file.parent}"
                    )
        while True:
            plan = kept or choose(taken, self._names)
            # Before Docker's network exists, so that none is ever left without its description.
            self._save(plan)
            try:
                self._create(plan)
            except DriverError as error:
                # Another state was faster: its network is not on the host's list yet.
                if kept is not None or "overlaps" not in str(error):
                    raise
                taken.add(plan.public)
            else:
                return plan

    def _create(self, plan: NetworkPlan) -> None:
        client.run(
            *("network", "create", "--driver", "bridge", "--label", self._names.label),
            *("--subnet", str(plan.public), "--gateway", str(plan.gateway)),
            *("--opt", f"com.docker.network.bridge.name={self._names.network}"),
            *("--opt", "com.docker.network.bridge.enable_ip_masquerade=false"),
            self._names.network,
        )

    def _tune(self, plan: NetworkPlan) -> None:
        bridge = self._names.network
        host.run(
            "ip", "address", "replace", f"{plan.private_gateway}/{plan.private.prefixlen}", "dev", bridge
        )
        # An elastic address nobody holds must not be looked for behind the host's default route.
        host.run("ip", "route", "replace", "unreachable", str(plan.elastic))
        # Only what comes from a device is forwarded (to the device with an elastic address): the host
        # does not become a router for others.
        host.set_sysctl(f"ipv4/conf/{bridge}/forwarding", 1)
        host.set_sysctl(f"ipv6/conf/{bridge}/disable_ipv6", 1)
        if self._egress:  # answers come in by other interfaces
            host.set_sysctl("ipv4/ip_forward", 1)

    def _taken(self, kept: NetworkPlan | None) -> Iterator[IPv4Network]:
        for network in host.routed(besides=self._names.network):
            if kept is None or network != kept.elastic:  # our own, left by a crash
                yield network
        yield from map(IPv4Network, host.resolvers())
        identifiers = client.run("network", "ls", "--quiet", "--no-trunc").split()
        template = "{{range .IPAM.Config}}{{.Subnet}} {{end}}"
        for subnet in client.run("network", "inspect", "--format", template, *identifiers).split():
            if "." in subnet:
                yield IPv4Network(subnet)

    def _load(self) -> NetworkPlan | None:
        if not self._file.exists():
            return None
        try:
            ranges = json.loads(self._file.read_text())
            public, elastic, private = (IPv4Network(ranges[key]) for key in ("public", "elastic", "private"))
        except (ValueError, KeyError, TypeError) as error:
            raise DriverError(f"{self._file}: not a description of a network: {error!r}") from None
        return NetworkPlan(public=public, elastic=elastic, private=private, bridge=self._names.network)

    def _save(self, plan: NetworkPlan) -> None:
        ranges = {"public": plan.public, "elastic": plan.elastic, "private": plan.private}
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(
            json.dumps({key: str(network) for key, network in ranges.items()}, indent=2) + "\n"
        )
        unfinished.replace(self._file)
