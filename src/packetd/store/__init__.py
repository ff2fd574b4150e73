# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that opens the database and begins and ends transactions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from packetd.store import migrations


class Store:
    """A database, brought to the present schema when it is opened.

    ``read()`` and ``write()`` give a session for one transaction. A write is on disk when the block
    ends without an exception, and has left no trace when it ends with one.
    """

    def __init__(self, url: str) -> None:
        """``url`` is SQLAlchemy's: ``sqlite:////var/lib/packetd/packetd.sqlite``."""
        self._engine = create_engine(url, pool_size=32, max_overflow=32)
        # SQLite has one writer at a time. Writers of this process queue here, which is fair and wakes
        # at once; SQLite's own waiting is neither. Another process (`packetd token`) still meets that.
        self._writing = threading.Lock()
        if self._engine.dialect.name == "sqlite":
            _set_up_sqlite(self._engine)
        migrations.upgrade(self._engine)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self._writing, Session(self._engine.execution_options(packetd_write=True)) as session:
            yield session
            session.commit()

    def close(self) -> None:
        self._engine.dispose()


def open_sqlite(path: Path) -> Store:
    """The database of a state directory; made when it is not there, readable by its owner only."""
    path.touch(mode=0o600)
    return Store(f"sqlite:///{path}")


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _configure(connection: SQLiteConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: _begin says which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A write that begins as a read and is overtaken fails at once, without waiting; so it says
        # from the start that it will write.
        immediate = connection.get_execution_options().get("packetd_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
