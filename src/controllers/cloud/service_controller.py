# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives Services of type LoadBalancer their elastic addresses, and keeps these on nodes that work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Set
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from lightkube import ApiError, AsyncClient
from lightkube.resources import core_v1
from lightkube.types import PatchType
from prometheus_client import Counter, Gauge

from controllers.cloud import addresses, reservations
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
from controllers.cloud.holders import Health, Refusal
from controllers.cloud.nodes import Node
from controllers.cloud.reservations import USAGE, Cluster, Reservation
from controllers.cloud.services import FINALIZER, Service, Slice
from controllers.cloud.settings import Settings
from controllers.runtime.api import Api
from controllers.runtime.controller import Controller
from controllers.runtime.events import NORMAL, WARNING, Events
from controllers.runtime.kubernetes import Kept, Key
from controllers.runtime.probes import Probes

log = logging.getLogger(__name__)

HELD = Gauge("cloud_service_addresses", "Elastic addresses that nodes have for Services")
MOVES = Counter("cloud_service_address_moves_total", "Elastic addresses moved to another node")

REFRESH = 300.0
"""Seconds after which the reservations are asked for, though all that was done to them is known."""
# How soon candidates are asked again, where none was well; a change of a Node is told at once.
_NOWHERE = 5.0
# For how long a device is passed over to which the Packet API would not give an address.
_REFUSED = 60.0
_REFUSALS = (ForbiddenError, InvalidError, NotFoundError)


class ServiceController(Controller):
    """Knows the reservations by one question and by what it has done to them since."""

    name = "services"
    interval = REFRESH

    def __init__(
        self,
        api: Api,
        kubernetes: AsyncClient,
        told: Settings,
        services: Kept[Service],
        slices: Kept[Slice],
        nodes: Kept[Node],
    ) -> None:
        super().__init__()
        self._api = api
        self._kubernetes = kubernetes
        self._settings = told
        self._services = services
        self._slices = slices
        self._nodes = nodes
        self._probes = Probes(self.wake)
        self._events = Events(kubernetes, "Service")
        self._cluster: Cluster | None = None
        self._reservations: dict[str, Reservation] = {}
        self._asked = float("-inf")
        self._outdated = True
        self._answers: dict[str, bool] = {}
        self._refused: dict[Refusal, float] = {}
        # Services whose problems only the Packet API can mend.
        self._waiting: set[Key] = set()
        for kept in (services, slices, nodes):
            kept.tell(self.wake)

    def refresh(self) -> None:
        """Has the reservations asked for anew: something happened to a device."""
        self._outdated = True
        self.wake()

    async def run(self) -> None:
        """Looks for ever."""
        try:
            await super().run()
        finally:
            await self._probes.close()

    async def look(self) -> None:
        """Does what there is to do. Raises one of FAILED where it cannot be told what that is."""
        if not (self._services.complete and self._slices.complete and self._nodes.complete):
            return
        self._answers.clear()
        if any(self.retries.due(("reservation", key)) for key in self._waiting):
            self._outdated = True
        done: set[Action] = set()
        # What is still to be done after it was done is somebody else's doing, and waits for the next look.
        while due := self._due(plan := addresses.plan(await self._world()), done):
            await self.each(due, self._do)
            done.update(due)
        await self._settle(plan)

    def _due(self, plan: Plan, done: Set[Action]) -> list[Action]:
        return [action for action in plan.actions if action not in done and self.retries.due(action)]

    async def _world(self) -> World:
        if self._cluster is None:
            system = await self._kubernetes.get(core_v1.Namespace, "kube-system")
            self._cluster = Cluster(str(system.metadata and system.metadata.uid))
        if self._outdated or time.monotonic() >= self._asked + REFRESH:
            await self._ask()
        now = time.monotonic()
        self._refused = {refusal: until for refusal, until in self._refused.items() if until > now}
        return World(
            cluster=self._cluster,
            services=list(self._services),
            slices=list(self._slices),
            nodes=list(self._nodes),
            reservations=list(self._reservations.values()),
            health=Health(self._probes.answers(), self._answers),
            metro=self._settings.metro,
            facility=self._settings.facility,
            endpoint=self._settings.endpoint_tag,
            refused=frozenset(self._refused),
        )

    async def _ask(self) -> None:
        self._outdated = False
        try:
            items = await self._api.all("ips", "ip_addresses", include="assignments")
        except Exception:
            self._outdated = True
            raise
        found = [reservation for item in items if (reservation := reservations.read(item))]
        self._reservations = {reservation.id: reservation for reservation in found}
        self._asked = time.monotonic()

    async def _settle(self, plan: Plan) -> None:
        """Says what could not be done, and has the nodes watched that hold addresses."""
        self._probes.watch(plan.probes)
        HELD.set(plan.held)
        for key, problem in plan.problems.items():
            if (service := self._services.get(key[1], key[0])) is not None:
                await self._events.tell(service, WARNING, problem.reason, problem.message)
        self._waiting = {key for key, problem in plan.problems.items() if problem.elsewhere}
        for key in self._waiting:
            if self.retries.due(("reservation", key)):
                self.retries.failed(("reservation", key))
        nowhere = any(problem.reason == addresses.NO_NODE for problem in plan.problems.values())
        self.interval = _NOWHERE if nowhere else REFRESH
        unfinished = {service.key for action in plan.actions for service in _services_of(action)}
        self._events.forget(self._events.told() - plan.problems.keys() - unfinished)

    async def _do(self, action: Action) -> None:
        try:
            await self._act(action)
        except ResourceError as error:
            # Whether it was done is not known, or something is not as it was thought to be.
            self._outdated = True
            for service in _services_of(action):
                await self._events.tell(service, WARNING, "Failed", f"{action}: {error}")
            raise

    async def _act(self, action: Action) -> None:
        match action:
            case Ask():
                self._answers[action.url] = await self._probes.ask(action.url)
            case Claim():
                await self._patch(action.service, {"metadata": {"finalizers": [FINALIZER]}})
            case Free():
                await self._free(action.service)
            case Tell():
                await self._tell(action)
            case Reserve():
                await self._reserve(action)
            case Retag():
                await self._retag(action)
            case Release():
                await self._release(action)
            case Unassign():
                await self._unassign(action)
            case Assign():
                await self._assign(action)

    async def _reserve(self, action: Reserve) -> None:
        service, cluster = action.service, self._cluster
        assert cluster is not None
        order = {
            "type": "public_ipv4",
            "quantity": 1,
            action.kind: action.code,
            "tags": [USAGE, service.tag, cluster.tag],
            "details": f"Address of the Service {service} of a Kubernetes cluster",
            "fail_on_approval_required": True,
        }
        item = await self._api.create_in_project("ips", order)
        reservation = reservations.read(item)
        if reservation is None:
            await self._api.remove(f"ips/{item['id']}")
            raise ResourceError(
                f"Service {service}: reservation {item['id']} had no address, and was taken back"
            )
        self._reservations[reservation.id] = reservation
        address = str(reservation.network[0])
        log.info("address %s is reserved for Service %s", address, service, extra=_names(address, service))
        await self._events.tell(service, NORMAL, "AddressReserved", f"address {address} is reserved")

    async def _retag(self, action: Retag) -> None:
        path = f"ips/{action.reservation.id}"
        # A user may have added some since.
        tags = (await self._api.get(path)).get("tags") or []
        await self._api.change(path, {"tags": reservations.retagged(tags, action.add, action.drop)})
        self._change(action.reservation, lambda known: known.retagged(action.add, action.drop))

    async def _release(self, action: Release) -> None:
        await self._api.remove(f"ips/{action.reservation.id}")
        self._reservations.pop(action.reservation.id, None)
        address = str(action.reservation.network[0])
        log.info("address %s is released", address, extra={"address": address})

    async def _unassign(self, action: Unassign) -> None:
        await self._api.remove(f"ips/{action.assignment.id}")
        self._change(action.reservation, lambda known: known.unassigned(action.assignment.id))
        address = str(action.assignment.network[0])
        names = _names(address, *action.services) | {"node": action.node, "device": action.assignment.device}
        log.info("address %s is taken from %s", address, action.node or action.assignment.device, extra=names)

    async def _assign(self, action: Assign) -> None:
        try:
            item = await self._api.create(f"devices/{action.device}/ips", {"address": f"{action.address}/32"})
        except _REFUSALS:
            self._refused[action.reservation.id, action.device] = time.monotonic() + _REFUSED
            raise
        assignment = reservations.read_assignment(item)
        self._change(action.reservation, lambda known: known.assigned(assignment))
        address = str(action.address)
        names = _names(address, *action.services) | {"node": action.node, "device": action.device}
        moved = any(address in service.told for service in action.services)
        MOVES.inc(int(moved))
        done = "moved" if moved else "assigned"
        log.info("address %s is %s to node %s", address, done, action.node, extra=names)
        for service in action.services:
            reason = "AddressMoved" if moved else "AddressAssigned"
            text = f"address {address} is {done} to node {action.node}"
            await self._events.tell(service, NORMAL, reason, text)

    async def _tell(self, action: Tell) -> None:
        service = action.service
        ingress = [{"ip": str(action.address), "ipMode": "VIP"}] if action.address else None
        status = {"status": {"loadBalancer": {"ingress": ingress}}}
        await self._patch(service, status, core_v1.ServiceStatus, PatchType.MERGE)
        address = str(action.address or "")
        log.info("Service %s is told its address: %s", service, address, extra=_names(address, service))

    async def _free(self, service: Service) -> None:
        # The way to take one of a list whose others may change meanwhile.
        patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
        await self._patch(service, patch)
        log.info("Service %s is let go", service, extra=_names("", service))
        text = "what was reserved for it is released"
        await self._events.tell(service, NORMAL, "AddressReleased", text)

    async def _patch(
        self,
        service: Service,
        patch: Mapping[str, Any],
        resource: Any = core_v1.Service,
        patch_type: PatchType = PatchType.STRATEGIC,
    ) -> None:
        # Not of one that was made since under this name.
        body = {**patch, "metadata": {**patch.get("metadata", {}), "uid": service.uid}}
        try:
            answer = await self._kubernetes.patch(
                resource, service.name, body, namespace=service.namespace, patch_type=patch_type
            )
        except ApiError as error:
            if error.status.code != 404:
                raise
            gone = {"metadata": {"namespace": service.namespace, "name": service.name}}
            self._know(service, {"type": "DELETED", "object": gone})
        else:
            self._know(service, {"type": "MODIFIED", "object": answer.to_dict()})

    def _know(self, service: Service, event: Mapping[str, Any]) -> None:
        """Takes over what the answer says, whose event comes later; of one that is gone it has come."""
        known = self._services.get(service.name, service.namespace)
        if known and known.uid == service.uid:
            self._services.apply(event)

    def _change(self, reservation: Reservation, change: Callable[[Reservation], Reservation]) -> None:
        known = self._reservations.get(reservation.id)
        if known:
            self._reservations[reservation.id] = change(known)


def _services_of(action: Action) -> tuple[Service, ...]:
    match action:
        case Claim() | Reserve() | Tell() | Free():
            return (action.service,)
        case Assign() | Unassign():
            return action.services
        case _:
            return ()


def _names(address: str, *services: Service) -> dict[str, Any]:
    return {"address": address, "service": ", ".join(map(str, services))}
