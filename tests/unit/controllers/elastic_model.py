# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster and a project of the Packet API, as far as addresses of Services are concerned, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from itertools import count

from controllers.cloud import addresses
from controllers.cloud.addresses import (
    Action,
    Ask,
    Assign,
    Claim,
    Free,
    Plan,
    Release,
    Reserve,
    Retag,
    Tell,
    Unassign,
    World,
)
from controllers.cloud.holders import Health
from controllers.cloud.nodes import EXCLUDED, Node
from controllers.cloud.reservations import USAGE, Assignment, Cluster, Reservation
from controllers.cloud.services import Service, Slice

CLUSTER = Cluster("8e2f4f3c-0000-4000-8000-000000000001")
OTHER = Cluster("8e2f4f3c-0000-4000-8000-000000000002")
LENT = IPv4Network("192.0.2.0/29")
"""A reservation that the user has made."""
STATIC = LENT[6]
"""The one of its addresses that the user has put somewhere himself."""
THEIRS = ("mine", OTHER.tag, OTHER.moves(LENT[5]), Service("default", "elsewhere", "x").tag)
"""What the user and another cluster say of it."""


def device(number: int) -> str:
    """The id of a device."""
    return f"00000000-0000-4000-8000-{number:012d}"


def node(number: int, **differences: object) -> Node:
    """A Node that may hold addresses."""
    return replace(
        Node(
            name=f"node-{number}",
            uid=f"uid-{number}",
            version="1",
            provider_id=f"equinixmetal://{device(number)}",
            labels={"topology.kubernetes.io/region": "da"},
            addresses=(("InternalIP", f"10.0.0.{number}"),),
            ready=True,
        ),
        **differences,  # type: ignore[arg-type]
    )


CONTROL_PLANE = node(99, labels={EXCLUDED: "", "topology.kubernetes.io/region": "da"})


class Model:
    """What there is, and what the actions do to it."""

    def __init__(self, shared: bool = False) -> None:
        """``shared`` says whether another cluster uses the user's reservation, too."""
        self.services: dict[str, Service] = {}
        self.nodes: dict[int, Node] = {}
        self.sick: set[int] = set()
        self.endpoints: dict[str, frozenset[str]] = {}
        self.reservations: dict[str, Reservation] = {}
        self.asked: dict[str, bool] = {}
        self.probes: set[str] = set()
        self.done: list[Action] = []
        self._numbers = count(1)
        self.theirs = THEIRS if shared else THEIRS[:1]
        self.lend()

    def lend(self) -> None:
        """What is the user's, and another cluster's."""
        theirs = (Assignment("static", IPv4Network(STATIC), device(1)),)
        self.reservations["lent"] = Reservation("lent", LENT, self.theirs, ("2020", "lent"), "da", theirs)
        foreign = (USAGE, Service("default", "elsewhere", "x").tag, OTHER.tag)
        self.reservations["other"] = Reservation(
            "other", IPv4Network("198.51.100.1/32"), foreign, ("2020", "other"), "da"
        )

    def plan(self) -> Plan:
        """What is to be done next."""
        probed = {url: self._well(url) for url in self.probes}
        plan = addresses.plan(
            World(
                cluster=CLUSTER,
                services=list(self.services.values()),
                slices=[Slice(("default", name), nodes) for name, nodes in self.endpoints.items()],
                nodes=[*self.nodes.values(), CONTROL_PLANE],
                reservations=list(self.reservations.values()),
                health=Health(probed, self.asked),
            )
        )
        self.probes = plan.probes
        return plan

    def die(self) -> None:
        """What was only remembered is gone."""
        self.asked.clear()
        self.probes.clear()

    def settle(self, most: int = 300) -> Plan:
        """Acts until nothing is left to do."""
        self.asked.clear()
        for _ in range(most):
            answered = set(self.probes)
            plan = self.plan()
            if plan.actions:
                self.act(plan.actions[0])
            elif plan.probes == answered:
                return plan
        raise AssertionError(f"no end: {self.done[-8:]}")

    def act(self, action: Action) -> None:  # noqa: C901 one case for each
        """Does it as the cluster and the Packet API would."""
        self.done.append(action)
        match action:
            case Ask():
                self.asked[action.url] = self._well(action.url)
            case Claim():
                self._change(action.service, claimed=True)
            case Tell():
                self._change(action.service, told=(str(action.address),) if action.address else ())
            case Free():
                self._change(action.service, claimed=False)
                if self.services[action.service.name].leaving:
                    del self.services[action.service.name]
            case Reserve():
                assert action.service.claimed
                self.reserve(action.service)
            case Retag():
                known = self.reservations[action.reservation.id]
                self.reservations[known.id] = known.retagged(action.add, action.drop)
            case Release():
                assert not self.reservations[action.reservation.id].assignments
                del self.reservations[action.reservation.id]
            case Unassign():
                known = self.reservations[action.reservation.id]
                assert action.assignment in known.assignments
                self.reservations[known.id] = known.unassigned(action.assignment.id)
            case Assign():
                self._assign(action)

    def reserve(self, service: Service) -> None:
        """An address for a Service."""
        number = next(self._numbers)
        self.reservations[f"made-{number}"] = Reservation(
            f"made-{number}",
            IPv4Network((int(IPv4Address("203.0.113.0")) + number, 32)),
            (USAGE, service.tag, CLUSTER.tag),
            (f"2026-{number:03d}", f"made-{number}"),
            "da",
        )

    def remove_device(self, number: int) -> None:
        """The API takes its addresses from a device that goes."""
        for known in list(self.reservations.values()):
            for assignment in known.assignments:
                if assignment.device == device(number) and assignment.id != "static":
                    self.reservations[known.id] = known.unassigned(assignment.id)

    def holder(self, address: str) -> str | None:
        """The device that has an address."""
        wanted = IPv4Network(address)
        assigned = [each for known in self.reservations.values() for each in known.assignments]
        return next((each.device for each in assigned if each.network == wanted), None)

    def good(self, users: Sequence[Service]) -> list[Node]:
        """Nodes that may hold an address of these, worked out anew."""
        return [
            each
            for number, each in self.nodes.items()
            if each.ready
            and not each.leaving
            and number not in self.sick
            and all(each.name in self.endpoints.get(user.name, ()) for user in users if user.local)
        ]

    def _assign(self, action: Assign) -> None:
        known = self.reservations[action.reservation.id]
        assert action.address in known.network
        assert known.covering(action.address) is None
        assert any(each.device_id == action.device for each in self.nodes.values())
        number = f"assignment-{next(self._numbers)}"
        assignment = Assignment(number, IPv4Network(action.address), action.device)
        self.reservations[known.id] = known.assigned(assignment)

    def _change(self, service: Service, **differences: object) -> None:
        known = self.services[service.name]
        self.services[service.name] = replace(known, **differences)  # type: ignore[arg-type]

    def _well(self, url: str) -> bool:
        number = int(url.partition("10.0.0.")[2].partition(":")[0])
        return number in self.nodes and number not in self.sick
