# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a thing was used: hours, begun ones counted whole, as Packet did."""

from __future__ import annotations

import math
from datetime import datetime


def hours(since: datetime, until: datetime, after: datetime | None, before: datetime | None) -> int:
    """Hours from ``since`` to ``until``, of those only what lies between ``after`` and ``before``."""
    begin = max(since, after) if after else since
    end = min(until, before) if before else until
    return max(0, math.ceil((end - begin).total_seconds() / 3600))
