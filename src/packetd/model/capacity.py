# SPDX-License-Identifier: GPL-3.0-or-later
"""How much there is left, in the words of the API."""

from __future__ import annotations

import math
from enum import StrEnum

UNLIMITED = math.inf
# Packet did not tell where one level ends; these follow its own examples ("1+" critical, "8+" normal).
_CRITICAL, _LIMITED = 2, 5


class Level(StrEnum):
    UNAVAILABLE = "unavailable"
    CRITICAL = "critical"
    LIMITED = "limited"
    NORMAL = "normal"


def level_of(left: float) -> Level:
    """The word for so many machines."""
    if left <= 0:
        return Level.UNAVAILABLE
    if left <= _CRITICAL:
        return Level.CRITICAL
    return Level.LIMITED if left <= _LIMITED else Level.NORMAL
