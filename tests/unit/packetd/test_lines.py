# SPDX-License-Identifier: GPL-3.0-or-later
"""Who comes while others are handled is handled with those who came too: in order, and once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from packetd.api.lines import Line
from packetd.api.turns import Turns

_MOST = 16


class Handling:
    """Keeps the groups that it was given, and handles none before it may."""

    def __init__(self, error: Exception | None = None) -> None:
        self.may_go_on = asyncio.Event()
        self.groups: list[list[int]] = []
        self._error = error

    async def __call__(self, items: Sequence[int]) -> list[str]:
        self.groups.append(list(items))
        await self.may_go_on.wait()
        if self._error is not None and len(items) > 1:
            raise self._error
        return [f"answer {item}" for item in items]


async def crowd(line: Line[int, str], handling: Handling, size: int) -> list[asyncio.Task[str]]:
    """So many who are in line, the first of them being handled."""
    tasks = [asyncio.create_task(line.join(number, handling)) for number in range(size)]
    await asyncio.sleep(0)
    return tasks


def test_all_who_wait_are_handled_together_and_each_has_its_own_answer() -> None:
    async def meet() -> None:
        line, handling = Line[int, str](), Handling()
        tasks = await crowd(line, handling, 40)
        handling.may_go_on.set()
        assert await asyncio.gather(*tasks) == [f"answer {number}" for number in range(40)]
        assert [len(group) for group in handling.groups] == [1, _MOST, _MOST, 7]
        assert [item for group in handling.groups for item in group] == list(range(40))
        assert line.members == 0

    asyncio.run(meet())


def test_an_exception_is_for_all_who_were_handled_with_it() -> None:
    async def meet() -> None:
        line, handling = Line[int, str](), Handling(ZeroDivisionError())
        tasks = await crowd(line, handling, 3)
        handling.may_go_on.set()
        first, *others = await asyncio.gather(*tasks, return_exceptions=True)
        assert first == "answer 0"
        assert [type(other) for other in others] == [ZeroDivisionError] * 2
        assert await line.join(7, handling) == "answer 7"

    asyncio.run(meet())


def test_who_goes_away_while_waiting_is_not_handled() -> None:
    async def meet() -> None:
        line, handling = Line[int, str](), Handling()
        tasks = await crowd(line, handling, 40)
        for task in tasks[1:30]:
            task.cancel()
        await asyncio.sleep(0)
        handling.may_go_on.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert handling.groups == [[0], list(range(30, 40))]
        assert [task.cancelled() for task in tasks] == [False, *[True] * 29, *[False] * 10]

    asyncio.run(meet())


def test_who_goes_away_while_being_handled_leaves_the_others_theirs() -> None:
    async def meet() -> None:
        line, tasks = Line[int, int](), list[asyncio.Task[int]]()

        async def handle(items: Sequence[int]) -> Sequence[int]:
            if 3 in items:
                tasks[3].cancel()
                await asyncio.sleep(0)
            return items

        tasks += [asyncio.create_task(line.join(number, handle)) for number in range(5)]
        await asyncio.wait(tasks)
        assert [task.cancelled() or task.result() for task in tasks] == [0, 1, 2, True, 4]

    asyncio.run(meet())


def test_lines_of_other_names_do_not_wait_and_nothing_is_kept_of_any() -> None:
    go_on, groups = threading.Event(), list[list[int]]()

    def slow(items: Sequence[int]) -> list[int]:
        groups.append(list(items))
        assert go_on.wait(60)
        return [-item for item in items]

    async def meet() -> None:
        turns = Turns()
        slow_ones = [asyncio.create_task(turns.run_together("one", "slow", slow, n)) for n in range(5)]
        quick = turns.run_together("one", "quick", lambda items: [2 * item for item in items], 4)
        assert await asyncio.wait_for(quick, 60) == 8
        assert not any(task.done() for task in slow_ones)
        go_on.set()
        assert await asyncio.gather(*slow_ones) == [0, -1, -2, -3, -4]
        assert groups == [[0], [1, 2, 3, 4]]
        assert turns._lines == {} == turns._turns

    asyncio.run(meet())


def test_work_in_the_background_waits_for_all_who_are_in_line() -> None:
    handled, gave_way = list[int](), threading.Event()

    async def meet() -> None:
        turns = Turns()

        def background() -> None:
            turns.give_way(60)
            gave_way.set()

        def handle(items: Sequence[int]) -> Sequence[int]:
            assert not gave_way.wait(0.05)
            handled.extend(items)
            return items

        tasks = [asyncio.create_task(turns.run_together("one", "line", handle, n)) for n in range(40)]
        await asyncio.sleep(0)
        worker = asyncio.get_running_loop().run_in_executor(None, background)
        await asyncio.gather(*tasks, worker)

    asyncio.run(meet())
    assert handled == list(range(40))
    assert gave_way.is_set()


def test_an_exception_of_a_thread_reaches_each_caller() -> None:
    def fail(_items: Sequence[int]) -> Sequence[int]:
        raise ZeroDivisionError

    async def meet() -> None:
        turns = Turns()
        for _ in range(20):
            with pytest.raises(ZeroDivisionError):
                await turns.run_together("client", "line", fail, 1)
        assert turns._lines == {}

    asyncio.run(meet())
