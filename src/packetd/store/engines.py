# SPDX-License-Identifier: GPL-3.0-or-later
"""What packetd sets in each kind of database, so that a transaction promises the same in all."""

from __future__ import annotations

from enum import StrEnum
from sqlite3 import Connection as SQLiteConnection
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

if TYPE_CHECKING:
    # Only who uses it has to have it, and to wait for its import.
    from psycopg import Connection as PostgreSQLConnection

# Any number would do: it is the name of "the one that writes" among the servers of a database.
_WRITER = 0x7061636B6574
_PATIENCE_SECONDS = 30
# A server that is stopped in the middle of a transaction must not keep the others waiting for ever.
_IDLE_SECONDS = 15


class Access(StrEnum):
    """What a transaction is for."""

    READ = "read"
    WRITE = "write"
    """Nobody else writes meanwhile: what was read is still so when it is written."""
    CLAIM = "claim"
    """One statement that locks the rows it changes, so it need not wait for writers."""


def of(url: URL) -> Engine:
    """The engine of a database, SQLite or PostgreSQL."""
    return _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)


def having(engine: Engine, access: Access) -> Engine:
    """The same engine, whose transactions are for this."""
    options: dict[str, Any] = {"packetd": access}
    if access is Access.READ and engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.execution_options(**options)


def _access(connection: Connection) -> Access:
    access: Access = connection.get_execution_options().get("packetd", Access.READ)
    return access


def _sqlite(url: URL) -> Engine:
    """SQLite in WAL mode: readers see a snapshot, writers come one after the other."""
    engine = create_engine(url, pool_size=32, max_overflow=32)

    @event.listens_for(engine, "connect")
    def _configure(connection: SQLiteConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: _begin says which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        # What is committed is flushed by Store.write(), for several writers at once.
        patience = f"busy_timeout={_PATIENCE_SECONDS * 1000}"
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", patience):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A write that begins as a read and is overtaken fails at once, without waiting; so it says
        # from the start that it will write.
        connection.exec_driver_sql("BEGIN" if _access(connection) is Access.READ else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    """PostgreSQL with the same promises: a read sees a snapshot, and there is one writer at a time.

    What handlers read and then write would otherwise have to be locked row by row, or be tried again
    whenever two of them meet: both are forgotten easily, and noticed late.
    """
    # Several servers share the hundred connections that PostgreSQL has by default.
    engine = create_engine(
        url,
        pool_size=16,
        max_overflow=4,
        pool_pre_ping=True,
        connect_args={"application_name": "packetd", "connect_timeout": 10},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: PostgreSQLConnection, _entry: ConnectionPoolEntry) -> None:
        connection.execute(f"SET lock_timeout = '{_PATIENCE_SECONDS}s'")
        connection.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_SECONDS}s'")
        connection.commit()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if _access(connection) is Access.WRITE:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")

    return engine
