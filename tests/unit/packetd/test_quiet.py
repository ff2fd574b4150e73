# SPDX-License-Identifier: GPL-3.0-or-later
"""What anybody can provoke is told once a minute."""

from __future__ import annotations

import logging

from packetd.quiet import OnceAMinute


def test_a_warning_is_told_once_a_minute_and_counted() -> None:
    moment = 0.0
    quiet = OnceAMinute(lambda: moment)

    def told(text: str, level: int = logging.WARNING) -> str | None:
        record = logging.LogRecord("uvicorn.error", level, __file__, 1, text, (), None)
        return record.getMessage() if quiet.filter(record) else None

    assert told("Invalid") == "Invalid"
    assert told("Unsupported") == "Unsupported"
    assert [told("Invalid") for _ in range(1000)] == [None] * 1000
    moment = 59.9
    assert told("Invalid") is None
    assert told("Failed", logging.ERROR) == told("Failed", logging.ERROR) == "Failed"
    moment = 60.0
    assert told("Invalid") == "Invalid (and 1001 times since it was last told)"
    assert told("Unsupported") == "Unsupported"
    moment = 120.0
    assert told("Invalid") == "Invalid"
