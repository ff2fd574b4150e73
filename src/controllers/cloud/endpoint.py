# SPDX-License-Identifier: GPL-3.0-or-later
"""The control planes' elastic address follows one whose API server is ready."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.links import id_of
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.paging import Item
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from prometheus_client import Counter

from controllers.cloud.nodes import Node
from controllers.runtime.api import Api
from controllers.runtime.controller import Controller
from controllers.runtime.kubernetes import Kept
from controllers.runtime.probes import Probes

log = logging.getLogger(__name__)

MOVES = Counter("cloud_endpoint_moves_total", "Moves of the control planes' elastic address")

REFRESH = 300.0
"""Seconds after which the API is asked where the address is, though nothing is known to have happened."""


def holder(present: str | None, ready: Mapping[str, bool | None]) -> str | None:
    """Which device is to have the address: the one that has it, until another one is known to be better.

    ``ready`` is what is thought of each control plane, by its device's id; None where that is not known yet.
    """
    if present and ready.get(present, False) is not False:
        return present
    good = sorted(device for device, is_ready in ready.items() if is_ready)
    return good[0] if good else present


@dataclass(frozen=True)
class _Place:
    """The address and where it is."""

    address: str
    assignment: str | None
    device: str | None


class EndpointController(Controller):
    """Moves the address; only the leader of the controllers does, so there is one writer."""

    name = "endpoint"
    interval = REFRESH

    def __init__(self, api: Api, kept: Kept[Node], tag: str, port: int, trust: ssl.SSLContext) -> None:
        """``tag`` is the reservation's, ``port`` the API servers', ``trust`` their authority."""
        super().__init__()
        self._api = api
        self._nodes = kept
        self._tag = tag
        self._port = port
        self._probes = Probes(self.wake, trust)
        self._place: _Place | None = None
        self._asked = float("-inf")
        kept.tell(self.wake)

    def refresh(self) -> None:
        """Has the API asked anew: something happened to a device."""
        self._asked = float("-inf")
        self.wake()

    async def look(self) -> None:
        """Moves the address if need be. Raises ResourceError where the Packet API does not do it."""
        urls = {node.device_id: self._url(node) for node in self._nodes if self._serves(node)}
        self._probes.watch(urls.values())
        if not self._nodes.complete or not urls:
            return
        if self._place is None or time.monotonic() - self._asked >= REFRESH:
            self._place = await self._find()
        ready = {device: self._probes.healthy(url) for device, url in urls.items() if device}
        better = holder(self._place.device, ready)
        if better and better != self._place.device:
            await self._move(self._place, better)

    async def run(self) -> None:
        """Looks for ever, and ends its probes with itself."""
        try:
            await super().run()
        finally:
            await self._probes.close()

    @staticmethod
    def _serves(node: Node) -> bool:
        return bool(node.control_plane and node.device_id and node.internal and not node.leaving)

    def _url(self, node: Node) -> str:
        host = f"[{node.internal}]" if ":" in str(node.internal) else node.internal
        return f"https://{host}:{self._port}/readyz"

    async def _find(self) -> _Place:
        items = await self._api.all("ips", "ip_addresses", include="assignments")
        found = [
            item for item in items if self._tag in (item.get("tags") or []) and not item.get("management")
        ]
        if len(found) != 1:
            raise ResourceError(
                f"{len(found)} reservations have the tag {self._tag!r} (eipTag); wanted is one"
            )
        self._asked = time.monotonic()
        return _place(found[0])

    async def _move(self, place: _Place, device: str) -> None:
        # Whatever happens in between, where it is then has to be asked.
        self._place = None
        if place.assignment:
            await self._api.remove(f"ips/{place.assignment}")
        await self._api.create(f"devices/{device}/ips", {"address": f"{place.address}/32"})
        MOVES.inc()
        message = "the control planes' address %s goes to device %s, it was at %s"
        log.warning(message, place.address, device, place.device, extra={"device": device})
        self.wake()


def _place(item: Item) -> _Place:
    address = str(item.get("address") or item["network"])
    assignment = next(iter(item.get("assignments") or []), None)
    if assignment is None:
        return _Place(address, None, None)
    return _Place(address, assignment["id"], id_of(assignment.get("assigned_to")))
