# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads for handlers, so shared that nobody's calls wait for the many of somebody else."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

# Of the 40 threads there are: more would only contend for the interpreter and the database.
_SHARE = 4

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """Runs functions in threads, at most a share of them for each client; the rest wait, in order."""

    def __init__(self) -> None:
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._interested: Counter[str] = Counter()
        self._nobody_is_served = threading.Event()
        self._nobody_is_served.set()
        self._in_line = threading.Lock()

    async def run(self, client: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``function`` returns or raises; ``client`` is whoever asks."""
        turn = self._turns.setdefault(client, asyncio.Semaphore(_SHARE))
        self._interested[client] += 1
        self._nobody_is_served.clear()
        try:
            async with turn:
                return await run_in_threadpool(partial(function, *args, **kwargs))
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
