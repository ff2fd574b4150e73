# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many things with one look at all of them at a time.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from .._reconcile import ResourceError

FIRST_PAUSE = 0.3
LONGEST_PAUSE = 5.0
PAUSE_GROWTH = 1.15
"""So that what is waited for is seen hardly a seventh of the time later than it is there."""

REPORT_EVERY = 15.0
"""Seconds after which progress is told again although nothing has moved."""

OPTIONS: dict[str, Any] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 900},
}
"""The argument spec; documented in doc_fragments/_wait.py."""

T = TypeVar("T")
Progress = Callable[[str], None]


class Clock(Protocol):
    """Time that passes; the standard module `time` is one."""

    def monotonic(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float, /) -> None:
        """Lets time pass."""


class TimeLimitError(ResourceError):
    """The time given for waiting is over."""


def silent(_line: str) -> None:
    """Progress that nobody looks at: a module cannot speak before it ends."""


@dataclass(frozen=True)
class Waiting:
    """How long to wait, and whom to tell how it goes."""

    wanted: bool = True
    limit: float = 900
    """Seconds."""
    progress: Progress = silent
    clock: Clock = time

    @classmethod
    def from_params(cls, params: Mapping[str, Any], progress: Progress = silent) -> Waiting:
        """Reads the options of OPTIONS."""
        return cls(params["wait"], params["wait_timeout"], progress)

    def until(
        self,
        look: Callable[[], T],
        done: Callable[[T], bool],
        tell: Callable[[T], str],
        late: Callable[[T], str],
        seen: T | None = None,
    ) -> T:
        """Looks again and again until it is done, and gives what was last seen.

        `look` makes the one request for all; `done` may raise at once for what will never come; `tell` puts
        what is seen into a line; `late` says, when the time limit is over, what is missing and why, as the
        message of the TimeLimitError that is then raised. `seen` is what was there a moment ago, and spares
        the first look.
        """
        started = self.clock.monotonic()
        pause, told, told_at = FIRST_PAUSE, "", started
        while True:
            seen = look() if seen is None else seen
            now = self.clock.monotonic()
            line = tell(seen)
            if line != told or now - told_at >= REPORT_EVERY:
                self.progress(f"{line} ({now - started:.0f} s)")
                told, told_at = line, now
            if done(seen):
                return seen
            if now - started >= self.limit:
                raise TimeLimitError(late(seen))
            self.clock.sleep(min(pause, max(self.limit - (now - started), 0.0)))
            pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE)
            seen = None
