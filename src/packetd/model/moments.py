# SPDX-License-Identifier: GPL-3.0-or-later
"""Points in time, as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(value: datetime | None) -> str | None:
    """2026-01-31T12:00:00Z."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
