# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done next, so that each Service of type LoadBalancer has its address. Pure.

Each action is one write, and after each the world is looked at anew. What is needed to go on, or to clean up,
is in the world itself, in finalizers, tags and assignments: this may end between any two actions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from controllers.cloud import holders, uses
from controllers.cloud.holders import Health, Holders, Refusal
from controllers.cloud.nodes import Node
from controllers.cloud.reservations import Assignment, Cluster, Reservation
from controllers.cloud.services import Service, Slice, nodes_of
from controllers.cloud.uses import Problem
from controllers.runtime.kubernetes import Key

NO_NODE = "NoNode"
"""The reason of those whose address no node can take just now."""


@dataclass(frozen=True)
class World:
    """All that is known."""

    cluster: Cluster
    services: Sequence[Service] = ()
    slices: Sequence[Slice] = ()
    nodes: Sequence[Node] = ()
    reservations: Sequence[Reservation] = ()
    health: Health = field(default_factory=Health)
    metro: str | None = None
    facility: str | None = None
    endpoint: str | None = None
    """The tag of the control planes' reservation."""
    refused: frozenset[Refusal] = frozenset()


@dataclass(frozen=True)
class Ask:
    """A candidate, whether it is well."""

    url: str

    def __str__(self) -> str:
        return f"asking {self.url}"


@dataclass(frozen=True)
class Claim:
    """Puts the finalizer on a Service."""

    service: Service

    def __str__(self) -> str:
        return f"claiming Service {self.service}"


@dataclass(frozen=True)
class Reserve:
    """Reserves an address for a Service, in a metro or facility."""

    service: Service
    kind: str
    code: str

    def __str__(self) -> str:
        return f"reserving an address in {self.kind} {self.code} for Service {self.service}"


@dataclass(frozen=True)
class Retag:
    """Says of a reservation whose it is."""

    reservation: Reservation
    add: tuple[str, ...]
    drop: tuple[str, ...]

    def __str__(self) -> str:
        return f"tagging the reservation of {self.reservation.network}"


@dataclass(frozen=True)
class Release:
    """Gives a reservation back."""

    reservation: Reservation

    def __str__(self) -> str:
        return f"releasing {self.reservation.network}"


@dataclass(frozen=True)
class Unassign:
    """Takes an address away from a device."""

    reservation: Reservation
    assignment: Assignment
    node: str | None = None
    services: tuple[Service, ...] = ()

    def __str__(self) -> str:
        return f"taking {self.assignment.network} from {self.node or f'device {self.assignment.device}'}"


@dataclass(frozen=True)
class Assign:
    """Gives an address to a device."""

    reservation: Reservation
    address: IPv4Address
    device: str
    node: str
    services: tuple[Service, ...] = ()

    def __str__(self) -> str:
        return f"assigning {self.address} to {self.node}"


@dataclass(frozen=True)
class Tell:
    """Writes the address into the status of a Service, or that there is none."""

    service: Service
    address: IPv4Address | None

    def __str__(self) -> str:
        return f"telling Service {self.service} its address {self.address}"


@dataclass(frozen=True)
class Free:
    """Takes the finalizer from a Service."""

    service: Service

    def __str__(self) -> str:
        return f"freeing Service {self.service}"


Users = dict[IPv4Address, list[Service]]
Action = Ask | Claim | Reserve | Retag | Release | Unassign | Assign | Tell | Free


@dataclass
class Plan:
    """The next actions, which may be done in any order; nothing is left to do where there are none."""

    actions: list[Action] = field(default_factory=list)
    problems: dict[Key, Problem] = field(default_factory=dict)
    probes: set[str] = field(default_factory=set)
    """What is to be asked all the time: those who hold addresses."""
    held: int = 0
    """Addresses that nodes have for Services."""


def plan(world: World) -> Plan:
    """What is next."""
    planning = _Planning(world)
    for reservation in sorted(world.reservations, key=lambda each: each.network):
        planning.reservation(reservation)
    for service in world.services:
        planning.service(service)
    for service in planning.uses.missing:
        planning.missing(service)
    return planning.plan


class _Planning:
    def __init__(self, world: World) -> None:
        self._world = world
        self._cluster = world.cluster
        self._owned = self._cluster.owned(world.reservations)
        self.uses = uses.decide(world.services, world.reservations, world.cluster, world.endpoint)
        self.plan = Plan(problems=dict(self.uses.problems))
        self._holders = Holders(
            world.nodes, nodes_of(world.slices), world.health, world.reservations, world.refused
        )
        self._names = {node.device_id: node.name for node in world.nodes}
        self._by_tag = {service.tag: service for service in world.services}
        self._reservations = {each.id: each for each in world.reservations}
        self._users: dict[str, Users] = {}
        for (reservation, address), services in self.uses.users.items():
            self._users.setdefault(reservation, {})[address] = services

    def reservation(self, reservation: Reservation) -> None:
        """One that was made for Services, or that a user has made and Services use."""
        users = self._users.get(reservation.id, {})
        known = self._cluster.tag in reservation.tags
        if known and self._given_up(reservation):
            return
        if self._cluster.made(reservation):
            self._made(reservation, users)
        elif users or known or self._cluster.moved(reservation):
            self._lent(reservation, users)

    def service(self, service: Service) -> None:
        """Its finalizer and its status."""
        if service.ours:
            if not service.claimed:
                self._add(Claim(service))
            else:
                self._tell(service, self._works(service))
        elif service.claimed and not service.foreign and not self._reserved(service):
            self._let_go(service)

    def missing(self, service: Service) -> None:
        """Has an address reserved where the Service, the settings or the nodes say."""
        world = self._world
        places = (
            ("metro", service.metro),
            ("facility", service.facility),
            ("metro", world.metro),
            ("facility", world.facility),
            ("metro", holders.region(world.nodes)),
        )
        place = next(((kind, code) for kind, code in places if code), None)
        if place:
            self._add(Reserve(service, *place))
            return
        self.plan.problems[service.key] = Problem(
            "NoMetro", "no metro is known; set metal.equinix.com/eip-metro, or metro in the cloud's settings"
        )

    def _made(self, reservation: Reservation, users: Users) -> None:
        if not users:
            for assignment in reservation.assignments:
                self._unassign(reservation, assignment)
            if not reservation.assignments:
                self._add(Release(reservation))
            return
        tags = {service.tag for services in users.values() for service in services}
        self._retag(reservation, tags, set(reservation.services) - tags)
        self._place(reservation, users)

    def _lent(self, reservation: Reservation, users: Users) -> None:
        """A user's: only what this cluster has put there is touched."""
        unused = [address for address in self._cluster.moved(reservation) if address not in users]
        left = [assignment for address in unused if (assignment := reservation.at(address))]
        for assignment in left:
            self._unassign(reservation, assignment)
        tags = {service.tag for services in users.values() for service in services}
        wanted = tags | {self._cluster.moves(address) for address in users}
        wanted |= {self._cluster.tag} if users else set()
        # The tags say what is to be taken away, so they go last.
        drop = set() if left else self._superfluous(reservation, tags, unused, bool(users))
        self._retag(reservation, wanted, drop)
        # And they say what may be put there, so they come first.
        moved = self._cluster.moved(reservation)
        self._place(reservation, {address: users[address] for address in moved if address in users})

    def _superfluous(
        self, reservation: Reservation, tags: set[str], unused: Iterable[IPv4Address], used: bool
    ) -> set[str]:
        """Tags of this cluster that are not true any more; Services that we do not know may be another's."""
        services = set(reservation.services) - tags
        if not self._cluster.alone(reservation):
            services &= set(self._by_tag)
        addresses = {self._cluster.moves(address) for address in unused}
        return services | addresses | (set() if used else {self._cluster.tag})

    def _retag(self, reservation: Reservation, wanted: set[str], drop: set[str]) -> None:
        add = wanted - set(reservation.tags)
        drop = drop & set(reservation.tags)
        if add or drop:
            self._add(Retag(reservation, tuple(sorted(add)), tuple(sorted(drop))))

    def _place(self, reservation: Reservation, users: Users) -> None:
        for address, services in sorted(users.items()):
            assignment = reservation.at(address)
            device = assignment.device if assignment else None
            choice = self._holders.choose(reservation, device, services)
            if assignment:
                self.plan.held += 1
                self.plan.probes.update(self._holders.probes(assignment.device, services))
            for url in choice.ask:
                if Ask(url) not in self.plan.actions:
                    self._add(Ask(url))
            if choice.problem:
                for service in services:
                    message = f"address {address}: {choice.problem}"
                    self.plan.problems.setdefault(service.key, Problem(NO_NODE, message))
            if choice.node and assignment:
                self._unassign(reservation, assignment, services)
            elif choice.node:
                device = str(choice.node.device_id)
                self._add(Assign(reservation, address, device, choice.node.name, tuple(services)))

    def _given_up(self, reservation: Reservation) -> bool:
        """Whether Services of it are somebody else's now: only its tags say that their finalizer is ours."""
        former = [self._by_tag[tag] for tag in reservation.services if tag in self._by_tag]
        theirs = [service for service in former if service.foreign and service.claimed]
        for service in theirs:
            if any(str(address) in service.told for address in reservation.network):
                self._tell(service, None)
            else:
                self._add(Free(service))
        return bool(theirs)

    def _works(self, service: Service) -> IPv4Address | None:
        """The address by which the Service is reached, also while it is on its way to another node."""
        place = self.uses.places.get(service.key)
        if not place:
            return None
        reservation, address = self._reservations[place[0]], place[1]
        assigned = service.tag in reservation.tags and reservation.at(address)
        return address if assigned or service.told == (str(address),) else None

    def _reserved(self, service: Service) -> bool:
        """Whether anything is still to be released."""
        return service.tag in self._owned

    def _let_go(self, service: Service) -> None:
        if service.told:
            self._tell(service, None)
        else:
            self._add(Free(service))

    def _tell(self, service: Service, address: IPv4Address | None) -> None:
        if service.told != ((str(address),) if address else ()):
            self._add(Tell(service, address))

    def _unassign(
        self, reservation: Reservation, assignment: Assignment, services: Iterable[Service] = ()
    ) -> None:
        self._add(Unassign(reservation, assignment, self._names.get(assignment.device), tuple(services)))

    def _add(self, action: Action) -> None:
        self.plan.actions.append(action)
