# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks over HTTP whether something works, again and again; one lost answer changes no mind."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True)
class Pace:
    """How soon a mind is changed: after ``fall`` failures, or ``rise`` successes, in a row."""

    interval: float = 2.0
    """Seconds between two questions to one target."""
    timeout: float = 1.5
    fall: int = 3
    rise: int = 2


@dataclass
class _State:
    healthy: bool | None = None
    against: int = 0
    """Answers in a row that said otherwise."""


class Probes:
    """Targets, each a URL that answers 200 when all is well."""

    def __init__(
        self, changed: Callable[[], None], trust: ssl.SSLContext | None = None, pace: Pace = Pace()
    ) -> None:
        """``changed`` is called when one became healthy or ceased to be; ``trust`` is for https."""
        self._changed = changed
        self._trust = trust
        self._pace = pace
        self._states: dict[str, _State] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None

    def watch(self, urls: Iterable[str]) -> None:
        """Has just these probed from now on."""
        wanted = set(urls)
        for url in set(self._tasks) - wanted:
            self._tasks.pop(url).cancel()
            del self._states[url]
        for url in wanted - set(self._tasks):
            self._states[url] = _State()
            self._tasks[url] = asyncio.create_task(self._repeat(url))

    def healthy(self, url: str) -> bool | None:
        """What is thought of it; None before its first answer."""
        state = self._states.get(url)
        return state.healthy if state else None

    def answers(self) -> dict[str, bool | None]:
        """What is thought of each."""
        return {url: state.healthy for url, state in self._states.items()}

    async def ask(self, url: str) -> bool:
        """Asks once, now."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True, limit=0), trust_env=False
            )
        try:
            limit = aiohttp.ClientTimeout(total=self._pace.timeout)
            async with self._session.get(url, timeout=limit, ssl=self._trust or True) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def close(self) -> None:
        """Probes nothing any more."""
        self.watch(())
        if self._session:
            await self._session.close()

    async def _repeat(self, url: str) -> None:
        while True:
            self.note(url, await self.ask(url))
            await asyncio.sleep(self._pace.interval)

    def note(self, url: str, good: bool) -> None:
        """Takes an answer into account."""
        state = self._states.setdefault(url, _State())
        if state.healthy is good:
            state.against = 0
            return
        state.against += 1
        # The first answer counts at once, as there is no mind to change.
        if state.healthy is None or state.against >= (self._pace.rise if good else self._pace.fall):
            state.healthy, state.against = good, 0
            self._changed()
