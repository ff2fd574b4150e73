# SPDX-License-Identifier: GPL-3.0-or-later
"""What failed is tried again, each time after a longer while."""

from __future__ import annotations

import random
import time
from collections.abc import Hashable
from dataclasses import dataclass, field

_FIRST = 0.5
_LONGEST = 60.0


@dataclass
class Retries:
    """Objects whose last attempt failed."""

    _times: dict[Hashable, int] = field(default_factory=dict)
    _due: dict[Hashable, float] = field(default_factory=dict)

    def due(self, key: Hashable) -> bool:
        """Whether the object may be tried now."""
        return time.monotonic() >= self._due.get(key, 0.0)

    def failed(self, key: Hashable) -> float:
        """Notes a failure; returns the seconds until the object is due again."""
        times = self._times.get(key, 0)
        self._times[key] = times + 1
        # Not all at the same moment, when what they all need was away for a while.
        seconds: float = min(_LONGEST, _FIRST * 2**times) * random.uniform(0.75, 1.0)  # noqa: S311 nothing secret
        self._due[key] = time.monotonic() + seconds
        return seconds

    def succeeded(self, key: Hashable) -> None:
        """Forgets the failures of an object."""
        self._times.pop(key, None)
        self._due.pop(key, None)

    def next(self) -> float | None:
        """Seconds until the first of them is due, None where nothing failed."""
        return max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None

    def forget(self, before: float) -> None:
        """Forgets what was due at that time of the monotonic clock: tried since, or nobody's business."""
        for key in [key for key, due in self._due.items() if due <= before]:
            self.succeeded(key)
