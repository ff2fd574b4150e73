# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller: looks at the whole state and mends it, again and again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import TypeVar

import httpx2
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from lightkube import ApiError
from prometheus_client import Counter, Histogram

from controllers.runtime.retries import Retries

log = logging.getLogger(__name__)
T = TypeVar("T", bound=Hashable)

PASSES = Histogram("controller_pass_seconds", "Seconds that one look at everything took", ["controller"])
FAILURES = Counter("controller_failures_total", "Objects that could not be mended just now", ["controller"])

FAILED = (ResourceError, ApiError, httpx2.HTTPError)
"""What an API may answer, or not answer, without this program being wrong: it is tried again."""
_PARALLEL = 8


class Controller:
    """One loop. Subclasses say in ``look`` what is to be done; they wake it when something changed."""

    name = "controller"
    interval = 60.0
    """Seconds after which it looks, though nothing is known to have changed."""
    pause = 0.1
    """Seconds in which changes gather."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self.retries = Retries()

    def wake(self) -> None:
        """Has it look soon."""
        self._woken.set()

    def refresh(self) -> None:
        """Has it ask the Packet API anew: something happened there."""
        raise NotImplementedError

    async def look(self) -> None:
        """Compares and mends. Raises one of FAILED where that could not even begin."""
        raise NotImplementedError

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            self._woken.clear()
            began = time.monotonic()
            with PASSES.labels(self.name).time():
                await self.attempt(self.name, self.look())
            self.retries.forget(began)
            await self._rest()

    async def attempt(self, what: Hashable, work: Awaitable[None]) -> bool:
        """Does the work for an object; what fails is said, and is due again after a while."""
        try:
            await work
        except FAILED as error:
            FAILURES.labels(self.name).inc()
            seconds = self.retries.failed(what)
            message = "%s: %s: %s; tried again in %.1f s"
            log.warning(message, self.name, what, error, seconds, extra={"object": str(what)})
            return False
        self.retries.succeeded(what)
        return True

    async def each(self, things: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
        """Does the work for all that are due, several at once."""
        limit = asyncio.Semaphore(_PARALLEL)

        async def one(thing: T) -> None:
            async with limit:
                await self.attempt(thing, work(thing))

        await asyncio.gather(*(one(thing) for thing in things if self.retries.due(thing)))

    async def _rest(self) -> None:
        again = self.retries.next()
        seconds = self.interval if again is None else min(again, self.interval)
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return
        await asyncio.sleep(self.pause)
