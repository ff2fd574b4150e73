# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Service has which address: its own, one that it asks for, or one that it shares. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from controllers.cloud.reservations import USAGE, Cluster, Reservation
from controllers.cloud.services import SHARING, Service
from controllers.runtime.kubernetes import Key

Place = tuple[str, IPv4Address]
"""The id of a reservation, and one of its addresses."""


@dataclass(frozen=True)
class Problem:
    """Why a Service has no address, or one that may not work; told by an event."""

    reason: str
    message: str
    elsewhere: bool = False
    """Whether a change at the Packet API can mend it, of which nobody tells."""


@dataclass
class Uses:
    """What was decided."""

    users: dict[Place, list[Service]] = field(default_factory=dict)
    places: dict[Key, Place] = field(default_factory=dict)
    missing: list[Service] = field(default_factory=list)
    """Those for which an address has to be reserved."""
    problems: dict[Key, Problem] = field(default_factory=dict)


def decide(
    services: Iterable[Service], reservations: Iterable[Reservation], cluster: Cluster, endpoint: str | None
) -> Uses:
    """What each Service of ours gets. ``endpoint`` is the tag of the control planes' reservation.

    Who has an address comes before who wants it, and the older Service before the younger.
    """
    deciding = _Deciding(sorted(reservations, key=lambda each: each.age), cluster, endpoint)
    waiting = [service for service in services if service.ours]
    for service in sorted(waiting, key=lambda each: (not deciding.has(each), each.created, each.key)):
        deciding.decide(service)
    return deciding.uses


class _Deciding:
    def __init__(self, reservations: Sequence[Reservation], cluster: Cluster, endpoint: str | None) -> None:
        self.uses = Uses()
        self._reservations = reservations
        self._cluster = cluster
        self._endpoint = endpoint
        self._made = [each for each in reservations if cluster.made(each)]
        self._owned = cluster.owned(reservations)
        # Keys of those whose address is being reserved: the others wait for it.
        self._shared_soon: set[str | None] = set()

    def has(self, service: Service) -> bool:
        """Whether a reservation says that it is the Service's."""
        return service.tag in self._owned

    def decide(self, service: Service) -> None:
        """Notes what this Service gets."""
        if not service.claimed and not self.has(service):
            return
        if service.problem:
            self._refuse(service, Problem("InvalidService", service.problem))
        elif service.requested:
            self._request(service, service.requested)
        else:
            self._find(service)

    def _request(self, service: Service, address: IPv4Address) -> None:
        reservation = next((each for each in self._reservations if address in each.network), None)
        # Nothing new without the finalizer, or it would stay when the Service goes.
        if not service.claimed and not (reservation and service.tag in reservation.tags):
            return
        problem = self._objection(service, address, reservation)
        if reservation and not problem:
            problem = self._use(service, reservation, address)
        if problem:
            self._refuse(service, problem)

    def _objection(
        self, service: Service, address: IPv4Address, reservation: Reservation | None
    ) -> Problem | None:
        """Why it cannot have the address that it asks for, whoever of us has it."""
        if reservation is None:
            return _unavailable(
                address,
                "is in no reservation of the project; reserve it, or ask for one that is, or for none",
            )
        if self._endpoint and self._endpoint in reservation.tags:
            return _unavailable(address, "is that of the control planes; ask for another one, or for none")
        made = self._cluster.made(reservation)
        if USAGE in reservation.tags and not made:
            return _unavailable(address, "belongs to another cluster; ask for another one, or for none")
        holder = reservation.covering(address)
        if holder and not made and self._cluster.moves(address) not in reservation.tags:
            return _unavailable(
                address,
                f"is on device {holder.device}, where this cluster has not put it; take it away first",
            )
        return None

    def _find(self, service: Service) -> None:
        """What it has, else what those have with whom it shares, else it is missing one."""
        if self._keep(service) or not service.claimed:
            return
        shared = self._shared(service.sharing) if service.sharing else []
        if not shared and service.sharing not in self._shared_soon:
            self.uses.missing.append(service)
            self._shared_soon.update({service.sharing} if service.sharing else ())
            return
        problem = None
        for reservation in shared:
            problem = self._use(service, reservation, reservation.network[0])
            if not problem:
                return
        if problem:
            self.uses.problems[service.key] = problem

    def _shared(self, key: str) -> list[Reservation]:
        """Those of Services with this key that ask for no address."""
        found = []
        for reservation in self._made:
            users = self.uses.users.get((reservation.id, reservation.network[0]), [])
            if any(user.sharing == key and not user.requested for user in users):
                found.append(reservation)
        return found

    def _keep(self, service: Service) -> bool:
        """Whether it goes on with what was reserved for it; of several that is the oldest.

        An address that clients were told of comes before one that nobody knows.
        """
        own = [each for each in self._owned.get(service.tag, []) if self._cluster.made(each)]
        own.sort(key=lambda each: str(each.network[0]) not in service.told)
        return any(not self._use(service, reservation, reservation.network[0]) for reservation in own)

    def _refuse(self, service: Service, problem: Problem) -> None:
        """A slip in what is asked for shall not cost the address that there is."""
        self.uses.problems[service.key] = problem
        self._keep(service)

    def _use(self, service: Service, reservation: Reservation, address: IPv4Address) -> Problem | None:
        """Gives it the address, unless others have it who do not share."""
        place = (reservation.id, address)
        users = self.uses.users.setdefault(place, [])
        for user in users:
            if problem := _clash(service, user, address):
                return problem
        users.append(service)
        self.uses.places[service.key] = place
        return None


def _unavailable(address: IPv4Address, text: str) -> Problem:
    return Problem("AddressUnavailable", f"address {address} {text}", elsewhere=True)


def _clash(service: Service, user: Service, address: IPv4Address) -> Problem | None:
    if service.sharing is None or service.sharing != user.sharing:
        remedy = f"give both the same annotation {SHARING[0]}, or ask for another one, or for none"
        return Problem("AddressInUse", f"address {address} is that of Service {user}; {remedy}")
    if both := sorted(service.ports & user.ports):
        ports = ", ".join(f"{protocol} {port}" for protocol, port in both)
        remedy = f"take other ports, or another annotation {SHARING[0]}"
        return Problem("PortInUse", f"Service {user}, which shares address {address}, has {ports}; {remedy}")
    return None
