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
