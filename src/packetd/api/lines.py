# SPDX-License-Identifier: GPL-3.0-or-later
"""Has handled together what comes while others of its kind are handled."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

# What is handled together keeps others from writing for as long as all of it takes.
_MOST = 16

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Line(Generic[Item, Answer]):
    """Whoever is in front handles those behind too; for the tasks of one event loop."""

    def __init__(self) -> None:
        # How many are in it, waiting or being handled.
        self.members = 0
        self._front = asyncio.Lock()
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()

    async def join(
        self, item: Item, handle: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]
    ) -> Answer:
        """What ``handle`` answers to this item, which it may be given with others; what it raises is raised
        to all of them."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        self.members += 1
        try:
            async with self._front:
                if not answer.done():
                    await self._handle(handle)
        finally:
            self.members -= 1
            # Whoever is cancelled while waiting is not handled.
            answer.cancel()
        return answer.result()

    async def _handle(self, handle: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]) -> None:
        group = self._take()
        try:
            made = await handle([item for item, _ in group])
        except BaseException as error:
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), one in zip(group, made, strict=True):
            if not answer.done():
                answer.set_result(one)

    def _take(self) -> list[tuple[Item, asyncio.Future[Answer]]]:
        """Those in front."""
        group: list[tuple[Item, asyncio.Future[Answer]]] = []
        while self._waiting and len(group) < _MOST:
            place = self._waiting.popleft()
            if not place[1].done():
                group.append(place)
        return group
