# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps Nodes true to their devices, and removes those whose devices are gone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import NotFoundError
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from lightkube import ApiError, AsyncClient
from lightkube.resources import core_v1
from lightkube.types import PatchType
from prometheus_client import Counter, Gauge

from controllers.cloud import devices, nodes
from controllers.cloud.devices import Device
from controllers.cloud.nodes import Node, UnclearError
from controllers.runtime.api import Api
from controllers.runtime.controller import Controller
from controllers.runtime.kubernetes import Kept

log = logging.getLogger(__name__)

INITIALISED = Counter("cloud_nodes_initialised_total", "Nodes that were told which device they are")
REMOVED = Counter("cloud_nodes_removed_total", "Nodes removed as their devices are gone")
WAITING = Gauge("cloud_nodes_uninitialised", "Nodes that no device is known of")

REFRESH = 300.0
"""Seconds after which all devices are asked for though no event told of them."""
_KUBELET = 10250
_PROBE = 2.0


class NodeController(Controller):
    """Sees all devices by one question, asked when an event, a new Node or time says so."""

    name = "nodes"
    interval = REFRESH

    def __init__(self, api: Api, kubernetes: AsyncClient, kept: Kept[Node]) -> None:
        super().__init__()
        self._api = api
        self._kubernetes = kubernetes
        self._nodes = kept
        self._devices: list[Device] = []
        self._asked = float("-inf")
        self._outdated = True
        self._sought: set[str] = set()
        kept.tell(self.wake)

    def refresh(self) -> None:
        """Has the devices asked for anew: something happened to one."""
        self._outdated = True
        self.wake()

    async def look(self) -> None:
        """Tells each Node what its device is. Raises ApiError where the Packet API says nothing."""
        if not self._nodes.complete:
            return
        if self._outdated or self._must_ask():
            await self._ask()
        known = [(node, self._device(node)) for node in self._nodes if not node.leaving]
        described = {node.name: (node, device) for node, device in known if device}
        await self.each(list(described), lambda name: self._describe(*described[name]))
        lost = {node.name: node for node, device in known if node.device_id and not device}
        await self.each(list(lost), lambda name: self._remove(lost[name]))
        WAITING.set(sum(not node.provider_id for node, device in known if not device))

    async def _ask(self) -> None:
        self._outdated = False
        try:
            self._devices = devices.present(await self._api.all("devices", "devices"))
        except Exception:
            self._outdated = True
            raise
        self._asked = time.monotonic()
        self._sought = {node.uid for node in self._nodes}

    def _must_ask(self) -> bool:
        """A Node whose device is not known is a reason once; when its device is made, an event tells."""
        new = {node.uid for node in self._nodes if not node.provider_id and not self._device(node)}
        return not new <= self._sought or time.monotonic() - self._asked >= REFRESH

    def _device(self, node: Node) -> Device | None:
        try:
            return nodes.device_of_node(node, self._devices)
        except UnclearError as error:
            log.error("Node %s is left alone: %s", node.name, error, extra={"node": node.name})
            return None

    async def _describe(self, node: Node, device: Device) -> None:
        change = nodes.change(node, device)
        names = {"node": node.name, "device": device.id}
        try:
            if change.status:
                await self._patch(core_v1.NodeStatus, node, change.status)
            if change.node:
                # After its addresses, as with this the Node may be used.
                await self._patch(core_v1.Node, node, change.node)
        except ApiError as error:
            if error.status.code != 404:
                raise
            return
        if change.node or change.status:
            log.info("Node %s is described as device %s", node.name, device.id, extra=names)
        if not node.provider_id:
            INITIALISED.inc()

    async def _patch(self, resource: Any, node: Node, patch: Mapping[str, Any]) -> None:
        await self._kubernetes.patch(resource, node.name, dict(patch), patch_type=PatchType.MERGE)

    async def _remove(self, node: Node) -> None:
        """Removes the Node of a device that is gone; not where only the token cannot see it any more."""
        if not await self._gone(node):
            return
        await self._kubernetes.delete(core_v1.Node, node.name)
        REMOVED.inc()
        names = {"node": node.name, "device": node.device_id}
        log.warning("Node %s is removed: device %s is gone", node.name, node.device_id, extra=names)

    async def _gone(self, node: Node) -> bool:
        """Raises ResourceError where it cannot be told yet."""
        try:
            item = await self._api.get(f"devices/{node.device_id}")
        except NotFoundError:
            if not self._taken_over(node) and await _answers(node):
                raise ResourceError(
                    f"device {node.device_id} is gone, but the kubelet at {node.internal} answers; the token "
                    "may be that of another project"
                ) from None
            return True
        self._outdated = True
        return not devices.present([item])

    def _taken_over(self, node: Node) -> bool:
        """Whether another device has its address by now, whose kubelet would answer."""
        return any(node.internal in (*device.private, *device.public) for device in self._devices)


async def _answers(node: Node) -> bool:
    """Whether its kubelet takes connections: who answers is not gone, whatever the Packet API says."""
    if not node.internal:
        return False
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(node.internal, _KUBELET), _PROBE)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
