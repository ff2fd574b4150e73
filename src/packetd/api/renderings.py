# SPDX-License-Identifier: GPL-3.0-or-later
"""What was shown of devices, kept as JSON until it changes.

To show a device takes a dozen tables; clients that watch thousands of devices ask for the same again and
again. The database gives a device a new revision with every change of what is shown of it (migration
0009), so what is kept under a revision is never out of date, with several servers neither.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime

import msgspec

# In bytes. A device takes about 14 kB.
_MOST = 48 * 1024 * 1024


class Renderings:
    """By device id and prefix; the least recently used go first. For any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[str, datetime | None, msgspec.Raw]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, device_id: str, prefix: str, revision: str, at: datetime) -> msgspec.Raw | None:
        """What was kept, if it is of this revision and still true at this moment."""
        with self._lock:
            kept = self._kept.get((device_id, prefix))
            if kept is None or kept[0] != revision or (kept[1] is not None and kept[1] <= at):
                return None
            self._kept.move_to_end((device_id, prefix))
            return kept[2]

    def keep(
        self, device_id: str, prefix: str, revision: str, until: datetime | None, shown: msgspec.Raw
    ) -> None:
        """Keep what is true of a revision; ``until`` a moment, if it says what ends by itself."""
        with self._lock:
            self._forget((device_id, prefix))
            self._kept[device_id, prefix] = revision, until, shown
            self._size += len(shown)
            while self._size > _MOST:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[str, str]) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._size -= len(kept[2])
