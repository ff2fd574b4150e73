# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node holds an address. Pure.

It stays on a node for as long as that is good for it, and never moves back: each move breaks connections.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controllers.cloud.nodes import EXCLUDED, SHUTDOWN, Node
from controllers.cloud.reservations import Reservation
from controllers.cloud.services import Service
from controllers.runtime.kubernetes import Key

REGION = "topology.kubernetes.io/region"
_KUBE_PROXY = 10256
# So many candidates are asked first; all the others at once, when none of these is well.
_ASKED_FIRST = 4

# More devices are not tried, as the reason must be the address.
_REFUSALS = 3

Refusal = tuple[str, str]
"""The ids of a reservation and of a device to which the Packet API would not give it just now."""

UNFIT, CORDONED, FIT = range(3)
"""What a node is to an address. A cordoned one is about to be drained, and better than none."""


@dataclass(frozen=True)
class Health:
    """What was answered, by URL."""

    probed: Mapping[str, bool | None] = field(default_factory=dict)
    """What is thought of those that are probed all the time; None or missing: nothing yet."""
    asked: Mapping[str, bool] = field(default_factory=dict)
    """Of those that were asked just now."""


@dataclass(frozen=True)
class Choice:
    """What is to be done next for one address."""

    node: Node | None = None
    """Where it is to go; None: it stays."""
    ask: tuple[str, ...] = ()
    """URLs that have to be asked before it can be told."""
    problem: str | None = None


class Holders:
    """The nodes, what they are fit for, and how many addresses each has."""

    def __init__(
        self,
        nodes: Iterable[Node],
        endpoints: Mapping[Key, frozenset[str]],
        health: Health,
        reservations: Iterable[Reservation],
        refused: frozenset[Refusal],
    ) -> None:
        self._nodes = {node.device_id: node for node in nodes if node.device_id}
        self._endpoints = endpoints
        self._health = health
        self._refused = refused
        self._load = Counter(each.device for reservation in reservations for each in reservation.assignments)

    def probes(self, device: str, users: Sequence[Service]) -> tuple[str, ...]:
        """What is asked of the node of a device that holds the address of these."""
        node = self._nodes.get(device)
        return _urls(node, users) if node else ()

    def choose(self, reservation: Reservation, device: str | None, users: Sequence[Service]) -> Choice:
        """The node for an address that this device holds, or none does."""
        holder = self._nodes.get(device or "")
        rank = self._fitness(holder, reservation, users) if holder else UNFIT
        if rank == FIT:
            return Choice()
        refused = {device for id_, device in self._refused if id_ == reservation.id}
        if len(refused) >= _REFUSALS:
            return Choice(problem="the Packet API gives it to no device; see the events before this one")
        better = [
            node
            for node in self._nodes.values()
            if node.device_id not in refused and self._fitness(node, reservation, users) > rank
        ]
        better.sort(key=lambda node: (-self._rank(node), self._load[str(node.device_id)], node.name))
        choice = self._first(better, users)
        if choice.node:
            self._load[str(choice.node.device_id)] += 1
        elif not choice.ask and rank == UNFIT:
            return Choice(problem=_nowhere(holder, device))
        return choice

    def _first(self, nodes: Sequence[Node], users: Sequence[Service]) -> Choice:
        """The first of them that is well; it is not, where one before it has not been asked."""
        unknown = []
        for node in nodes:
            answers = [self._health.asked.get(url) for url in _urls(node, users)]
            if False in answers:
                continue
            if None in answers:
                unknown.append(node)
            elif not unknown:
                return Choice(node=node)
        if len(unknown) == len(nodes):
            unknown = unknown[:_ASKED_FIRST]
        urls = {url for node in unknown for url in _urls(node, users) if url not in self._health.asked}
        return Choice(ask=tuple(sorted(urls)))

    def _fitness(self, node: Node, reservation: Reservation, users: Sequence[Service]) -> int:
        """For these users, by all that is known without asking."""
        rank = self._rank(node)
        if rank == UNFIT:
            return UNFIT
        region = node.labels.get(REGION)
        elsewhere = reservation.metro and region and reservation.metro != region
        without = any(user.local and node.name not in self._endpoints.get(user.key, ()) for user in users)
        sick = any(self._health.probed.get(url) is False for url in _urls(node, users))
        return UNFIT if elsewhere or without or sick else rank

    def _rank(self, node: Node) -> int:
        excluded = EXCLUDED in node.labels or any(taint["key"] == SHUTDOWN for taint in node.taints)
        if excluded or node.leaving or not node.ready or not node.internal:
            return UNFIT
        return CORDONED if node.unschedulable else FIT


def region(nodes: Iterable[Node]) -> str | None:
    """The metro that most nodes are in."""
    found = Counter(node.labels[REGION] for node in nodes if node.labels.get(REGION))
    return min(found, key=lambda name: (-found[name], name)) if found else None


def _urls(node: Node, users: Sequence[Service]) -> tuple[str, ...]:
    """Kube-proxy's own health, and for local Services whether it has a part of it on this node."""
    host = f"[{node.internal}]" if ":" in str(node.internal) else node.internal
    ports = {(user.local and user.health_port) or _KUBE_PROXY for user in users}
    return tuple(f"http://{host}:{port}/healthz" for port in sorted(ports))


def _nowhere(holder: Node | None, device: str | None) -> str:
    wanted = (
        "wanted is one that is Ready, answers its health check, and has no label "
        f"{EXCLUDED}, which control planes have"
    )
    if device is None:
        return f"no node can take it; {wanted}"
    return (
        f"it stays on {holder.name if holder else f'device {device}'}, which does not work; "
        f"no other node can take it; {wanted}"
    )
