# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that tell the user what is being done, on stderr."""

import subprocess
import sys
import time
from collections.abc import Callable
from threading import Event

from mirror.errors import MirrorError

# How often a running program is looked at, in seconds.
GLANCE = 0.2


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Step:
    """One of several steps: says that it began, every so often that it goes on, and how long it took.

    `interval` is the time between two such signs of life, in seconds.
    """

    def __init__(self, number: int, total: int, title: str, interval: float = 15.0) -> None:
        self.prefix = f"[{number}/{total}] {title}"
        self.interval = interval
        self.began = self.said = time.monotonic()
        say(f"{self.prefix} ...")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def alive(self, doing: Callable[[], str]) -> None:
        now = time.monotonic()
        if now - self.said >= self.interval:
            self.said = now
            say(f"{self.prefix} ... {doing()}, {self.seconds:.0f} s so far")

    def done(self) -> None:
        say(f"{self.prefix} ... {self.seconds:.0f} s")


def follow(process: "subprocess.Popen[bytes]", stop: Event, alive: Callable[[], None]) -> None:
    """Wait for a program, and call `alive` again and again; it ends with us.

    Raises MirrorError once `stop` is set.
    """
    try:
        while process.poll() is None:
            if stop.wait(GLANCE):
                raise MirrorError("stopped")
            alive()
    except BaseException:
        process.terminate()
        raise
