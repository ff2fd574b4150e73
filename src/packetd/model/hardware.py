# SPDX-License-Identifier: GPL-3.0-or-later
"""When a reserved machine can be used."""

from __future__ import annotations

from datetime import datetime


def is_provisionable(
    *, used: bool, spare: bool, need_of_service: bool, rested_at: datetime | None, now: datetime
) -> bool:
    """A spare one must be activated first, and one that was just used is being cleaned."""
    return not (used or spare or need_of_service) and (rested_at is None or rested_at <= now)
