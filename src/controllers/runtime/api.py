# SPDX-License-Identifier: GPL-3.0-or-later
"""The Packet API from asyncio: the collection's own client, its calls made in threads and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._packet.client import Client
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.connection import Connection
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import ApiError
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.paging import Item, everything
from prometheus_client import Counter

REQUESTS = Counter("packet_api_requests_total", "Requests to the Packet API", ["method", "outcome"])

# The most that servers take: 500 devices are one request. Over slow lines smaller pages would be quicker.
_PER_PAGE = 1000
_THREADS = 12


class _CountingClient(Client):
    """Each request shows in the metrics, with how it failed."""

    def call_api(self, method: str, type: str = "GET", params: Any = None) -> Any:  # noqa: A002 as in Client
        try:
            answer = super().call_api(method, type, params)
        except ApiError as error:
            REQUESTS.labels(type, error.__class__.__name__).inc()
            raise
        REQUESTS.labels(type, "ok").inc()
        return answer


class Api:
    """The objects of one project. What fails raises ApiError of the collection."""

    def __init__(self, connection: Connection, project: str) -> None:
        """``project`` is an id."""
        self._client = _CountingClient(connection)
        self._project = project
        # Not asyncio's own, whose end waits for questions that wait for events.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="packet-api")

    async def all(self, kind: str, key: str, **query: Any) -> list[Item]:
        """All pages of a list of the project, for example of ``devices``."""
        path = f"projects/{self._project}/{kind}"
        found: list[Item] = await self._do(
            lambda: everything(self._client, path, key, per_page=_PER_PAGE, **query)
        )
        return found

    async def get(self, path: str, **query: Any) -> Any:
        """One object, or one page."""
        return await self._do(lambda: self._client.call_api(path, params=query))

    async def in_project(self, path: str, **query: Any) -> Any:
        """The same, of the project."""
        return await self.get(f"projects/{self._project}/{path}", **query)

    async def create_in_project(self, path: str, body: Item) -> Any:
        """Makes an object in the project; returns it."""
        return await self.create(f"projects/{self._project}/{path}", body)

    async def create(self, path: str, body: Item) -> Any:
        """Makes an object; returns it."""
        return await self._do(lambda: self._client.call_api(path, "POST", body))

    async def change(self, path: str, body: Item) -> Any:
        """Changes an object; returns it."""
        return await self._do(lambda: self._client.call_api(path, "PATCH", body))

    async def remove(self, path: str) -> None:
        """Removes an object; that it is gone already is no error."""
        await self._do(lambda: self._client.remove(path))

    async def _do(self, call: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
