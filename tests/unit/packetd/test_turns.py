# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads are shared so that one client's many calls leave some for others."""

from __future__ import annotations

import asyncio
import threading

import pytest

from packetd.api.turns import Turns


def test_who_has_hundreds_of_calls_starves_nobody() -> None:
    go_on, running, most = threading.Event(), set[int](), 0
    lock = threading.Lock()

    def slow(number: int) -> int:
        nonlocal most
        with lock:
            running.add(number)
            most = max(most, len(running))
        assert go_on.wait(60)
        with lock:
            running.remove(number)
        return number

    async def meet() -> None:
        turns = Turns()
        greedy = [asyncio.create_task(turns.run("greedy", slow, number)) for number in range(300)]
        # Every other client is served while all of those wait.
        for client in range(20):
            assert await asyncio.wait_for(turns.run(f"modest {client}", str.upper, "ok"), 60) == "OK"
        assert not any(task.done() for task in greedy)
        go_on.set()
        assert await asyncio.gather(*greedy) == list(range(300))
        assert turns._turns == {}

    asyncio.run(meet())
    assert 1 <= most <= 8


def test_what_is_raised_is_raised_and_gives_the_turn_back() -> None:
    async def meet() -> None:
        turns = Turns()
        for _ in range(50):
            with pytest.raises(ZeroDivisionError):
                await turns.run("client", lambda: 1 // 0)
        assert await turns.run("client", lambda: 7) == 7

    asyncio.run(meet())


def test_work_in_the_background_waits_until_nobody_is_served() -> None:
    go_on, served, gave_way = threading.Event(), threading.Event(), list[bool]()

    def call() -> None:
        served.set()
        assert go_on.wait(60)

    async def meet() -> None:
        turns = Turns()
        turns.give_way(60)

        def background() -> None:
            assert served.wait(60)
            turns.give_way(0.01)
            gave_way.append(go_on.is_set())
            turns.give_way(60)
            gave_way.append(go_on.is_set())

        worker = asyncio.get_running_loop().run_in_executor(None, background)
        one = asyncio.create_task(turns.run("one", call))
        while not gave_way:
            await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(one, worker)

    asyncio.run(meet())
    # Patience ends; but with a lot of it, whoever is served was served first.
    assert gave_way == [False, True]
