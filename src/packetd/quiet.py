# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what anybody can provoke from filling the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

_SECONDS = 60.0


class OnceAMinute(logging.Filter):
    """Passes each warning once a minute, with how many there were in between; errors pass always.

    For loggers whose warnings are few and constant texts, as each text is remembered.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: dict[str, float] = {}
        self._held_back: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno != logging.WARNING:
            return True
        text = record.getMessage()
        now = self._clock()
        if now < self._passed.get(text, -_SECONDS) + _SECONDS:
            self._held_back[text] = self._held_back.get(text, 0) + 1
            return False
        self._passed[text] = now
        if held_back := self._held_back.pop(text, 0):
            record.msg, record.args = f"{text} (and {held_back} times since it was last told)", ()
        return True
