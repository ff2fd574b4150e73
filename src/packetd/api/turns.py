# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads for handlers, so shared that nobody's calls wait for the many of somebody else."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

from packetd.api.lines import Line

# Of the 40 threads there are: more would only contend for the interpreter and the database.
_SHARE = 4

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")


class Turns:
    """Runs functions in threads, at most a share of them for each client; the rest wait, in order."""

    def __init__(self) -> None:
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._lines: dict[Hashable, Line[Any, Any]] = {}
        self._interested: Counter[str] = Counter()
        self._nobody_is_served = threading.Event()
        self._nobody_is_served.set()
        self._in_line = threading.Lock()

    async def run(self, client: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``function`` returns or raises; ``client`` is whoever asks."""
        with self._serving(client) as turn:
            async with turn:
                return await run_in_threadpool(partial(function, *args, **kwargs))

    async def run_together(
        self, client: str, name: Hashable, function: Callable[[Sequence[Item]], Sequence[T]], item: Item
    ) -> T:
        """What ``function`` gives for this item, or raises: it has the items of all who wait in the line of
        this name, which are one client's."""
        with self._serving(client):
            line: Line[Item, T] = self._lines.setdefault(name, Line())
            try:
                return await line.join(item, lambda items: self.run(client, function, items))
            finally:
                if not line.members:
                    del self._lines[name]

    @contextmanager
    def _serving(self, client: str) -> Iterator[asyncio.Semaphore]:
        """Count who asks; gives the turns of the client."""
        turn = self._turns.setdefault(client, asyncio.Semaphore(_SHARE))
        self._interested[client] += 1
        self._nobody_is_served.clear()
        try:
            yield turn
        finally:
            self._interested[client] -= 1
            if not self._interested[client]:
                del self._turns[client], self._interested[client]
            if not self._interested:
                self._nobody_is_served.set()

    def give_way(self, seconds: float) -> None:
        """Wait for a moment in which nobody is served, at most so long: for work that nobody waits for.

        Who waits, waits in line, so that those who give up waiting come one by one.
        """
        with self._in_line:
            self._nobody_is_served.wait(seconds)
