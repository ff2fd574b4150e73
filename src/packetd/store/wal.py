# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings SQLite's write-ahead log to the disk: once for all who wait for it at the same time.

SQLite itself does that while it keeps everybody else from writing (synchronous=FULL), so writers would
wait for the disk one after the other. With synchronous=NORMAL a commit only writes the log; flushed
afterwards, by its file, it is as safe (https://www.sqlite.org/wal.html, "Performance Considerations").
"""

from __future__ import annotations

import os
import threading
from pathlib import Path


class WriteAheadLog:
    """The log of a database file."""

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database}-wal")
        self._count = threading.Lock()
        self._flushing = threading.Lock()
        self._asked = 0
        self._flushed = 0

    def flush(self) -> None:
        """Return when all that was committed before the call is on the disk; raises OSError."""
        with self._count:
            self._asked += 1
            mine = self._asked
        with self._flushing:
            if self._flushed >= mine:
                return
            # Whoever asks from now on may have committed too late for this.
            with self._count:
                covers = self._asked
            self._to_disk()
            self._flushed = covers

    def _to_disk(self) -> None:
        try:
            log = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            # The last connection was closed, which moves all of the log into the database, and syncs that.
            return
        try:
            os.fdatasync(log)
        finally:
            os.close(log)
