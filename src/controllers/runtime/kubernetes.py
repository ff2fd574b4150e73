# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's API: a client to write with, and what is watched, kept as small objects."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import httpx2
import kopf
from lightkube import ApiError, AsyncClient, KubeConfig
from lightkube.config.models import Cluster
from lightkube.core.resource import NamespacedResource

log = logging.getLogger(__name__)
T = TypeVar("T")
Key = tuple[str, str]
"""Namespace, empty where there is none, and name."""

MANAGER = "packet-kubernetes"
_SECONDS = 10.0
# Kopf hears of what was deleted while it could not watch from nobody, so everything is listed now and then.
_RELIST = 300.0
_AGAIN = 5.0


def client(kubeconfig: Path | None) -> AsyncClient:
    """A client by this kubeconfig, or by the service account of the pod that this runs in."""
    seconds = httpx2.Timeout(_SECONDS)
    return AsyncClient(_config(kubeconfig), timeout=seconds, field_manager=MANAGER, trust_env=False)


def trust(kubeconfig: Path | None) -> ssl.SSLContext:
    """What proves that an API server is one of this cluster, by whichever address it is asked."""
    cluster = _cluster(_config(kubeconfig))
    data = cluster.certificate_auth_data
    context = ssl.create_default_context(
        cafile=cluster.certificate_auth, cadata=base64.b64decode(data).decode() if data else None
    )
    context.check_hostname = False
    return context


def _cluster(config: KubeConfig) -> Cluster:
    found = config.get()
    assert found
    return found.cluster


def _config(kubeconfig: Path | None) -> KubeConfig:
    return KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_service_account()


class Kept(Generic[T]):
    """The objects of one resource as far as they matter, kept up to date."""

    def __init__(self, resource: Any, read: Callable[[Mapping[str, Any]], T], plural: str) -> None:
        """``resource`` is lightkube's class, ``read`` takes from an object what is kept of it."""
        self._resource = resource
        self._read = read
        self.plural = plural
        self._items: dict[Key, T] = {}
        self._touched: set[Key] = set()
        self._told: list[Callable[[], None]] = []
        self.complete = False
        """Whether every object is known: nothing may be concluded from an absence before."""

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._items.values()))

    def __len__(self) -> int:
        return len(self._items)

    def get(self, name: str, namespace: str = "") -> T | None:
        """One of them."""
        return self._items.get((namespace, name))

    def tell(self, listener: Callable[[], None]) -> None:
        """Has the listener called after changes that matter."""
        self._told.append(listener)

    async def list(self, api: AsyncClient) -> None:
        """Reads all. What changes meanwhile is told by events, which are newer."""
        self._touched.clear()
        listed: dict[Key, T] = {}
        where: Any = {"namespace": "*"} if issubclass(self._resource, NamespacedResource) else {}
        async for found in api.list(self._resource, chunk_size=500, **where):
            body = found.to_dict()
            listed[_key(body)] = self._read(body)
        for key in self._touched:
            listed.pop(key, None)
        for key in set(self._items) - set(listed) - self._touched:
            del self._items[key]
        self._items.update(listed)
        self.complete = True
        self._tell()

    def apply(self, event: Mapping[str, Any]) -> None:
        """Takes over what kopf's watching tells."""
        body = event["object"]
        key = _key(body)
        self._touched.add(key)
        before = self._items.get(key)
        if event["type"] == "DELETED":
            self._items.pop(key, None)
        else:
            self._items[key] = self._read(body)
        if before != self._items.get(key):
            self._tell()

    def _tell(self) -> None:
        for listener in self._told:
            listener()


async def keep(api: AsyncClient, kept: list[Kept[Any]], stop: asyncio.Event) -> None:
    """Keeps these up to date until the event is set. They are complete once this has begun to watch."""
    registry = kopf.OperatorRegistry()
    for each in kept:

        @kopf.on.event(each.plural, registry=registry)
        async def apply(event: Any, each: Kept[Any] = each, **_: Any) -> None:
            each.apply(event)

    @kopf.on.login(registry=registry)
    def login(**context: Any) -> Any:
        if os.environ.get("KUBECONFIG"):
            return kopf.login_with_kubeconfig(**context)
        found = kopf.login_with_service_account(**context)
        # kopf asks for the API server by a name, for which a cluster needs DNS, and DNS needs Nodes.
        return found and replace(found, server=_cluster(_config(None)).server)

    async with asyncio.TaskGroup() as tasks:
        relisting = tasks.create_task(_relist(api, kept))
        await kopf.operator(
            registry=registry, settings=_settings(), clusterwide=True, standalone=True, stop_flag=stop
        )
        relisting.cancel()


async def _relist(api: AsyncClient, kept: list[Kept[Any]]) -> None:
    while True:
        try:
            for each in kept:
                await each.list(api)
        except (ApiError, httpx2.HTTPError) as error:
            log.warning("the cluster's API does not list its objects: %s", error)
            await asyncio.sleep(_AGAIN)
        else:
            await asyncio.sleep(_RELIST)


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    # Built-in resources come and go with no CRD, and to watch those takes rights.
    settings.scanning.disabled = True
    settings.posting.enabled = False
    return settings


def _key(body: Mapping[str, Any]) -> Key:
    metadata = body["metadata"]
    return metadata.get("namespace") or "", metadata["name"]
