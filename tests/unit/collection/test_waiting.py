# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: how often one looks, what is told meanwhile, and when it ends."""

from __future__ import annotations

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.wait import TimeLimitError, Waiting
from packet_options import Instant

START = 1000.0


class Clock(Instant):
    """An Instant that begins at some moment and remembers the pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        super().sleep(seconds)


def wait(clock: Clock, until: float, limit: float = 900, tell: str = "waiting") -> list[str]:
    """Waits for a moment, and gives what was told."""
    told: list[str] = []
    Waiting(True, limit, told.append, clock).until(
        look=clock.monotonic,
        done=lambda seen: seen >= START + until,
        tell=lambda seen: tell if seen < START + 40 else "nearly there",
        late=lambda seen: f"at {seen - START:g} s it was not there",
    )
    return told


def test_the_options_of_a_task_say_whether_and_for_how_long() -> None:
    waiting = Waiting.from_params({"wait": False, "wait_timeout": 7}, print)
    assert (waiting.wanted, waiting.limit, waiting.progress) == (False, 7, print)


def test_what_is_there_is_not_waited_for() -> None:
    clock = Clock()
    assert wait(clock, until=0) == ["waiting (0 s)"]
    assert clock.pauses == []


def test_looks_become_rarer_up_to_five_seconds() -> None:
    clock = Clock()
    wait(clock, until=100)
    assert clock.pauses[0] == 0.3
    assert clock.pauses[1] > 0.3
    assert clock.pauses == sorted(clock.pauses)
    assert clock.pauses[-1] == 5


def test_the_time_limit_is_kept_to_the_moment() -> None:
    clock = Clock()
    with pytest.raises(TimeLimitError, match=r"^at 31 s it was not there$"):
        wait(clock, until=100, limit=31)
    assert clock.now == START + 31


def test_news_are_told_at_once_and_the_same_again_after_fifteen_seconds() -> None:
    class Even(Clock):
        def sleep(self, seconds: float) -> None:
            super().sleep(5)

    assert wait(Even(), until=60) == [
        "waiting (0 s)",
        "waiting (15 s)",
        "waiting (30 s)",
        "nearly there (40 s)",
        "nearly there (55 s)",
    ]
