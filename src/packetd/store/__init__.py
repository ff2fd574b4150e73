# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that opens the database and begins and ends transactions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from packetd.ownership import ServerError
from packetd.store import engines, migrations
from packetd.store.engines import Access
from packetd.store.wal import WriteAheadLog


class Store:
    """A database, brought to the present schema when it is opened.

    ``read()``, ``write()`` and ``claim()`` give a session for one transaction. What is written is on
    disk when the block ends without an exception, and has left no trace when it ends with one.
    """

    def __init__(self, url: URL | str) -> None:
        """``url`` is SQLAlchemy's: ``sqlite:////var/lib/packetd/packetd.sqlite``.

        Raises ServerError when the database cannot be reached, or is of a newer release.
        """
        self.url = make_url(url)
        try:
            self._engine = engines.of(self.url)
        except ModuleNotFoundError as error:
            raise ServerError(
                f"--database needs the Python package {error.name}; pip install psycopg[binary]"
            ) from None
        # Writers of this process queue here, which is fair and wakes at once; SQLite's own waiting is
        # neither. Other processes meet in the database.
        self._writing = threading.Lock()
        self._log = None if self.shared else WriteAheadLog(Path(self.url.database or ""))
        self._readers = engines.having(self._engine, Access.READ)
        self._writers = engines.having(self._engine, Access.WRITE)
        self._claimants = engines.having(self._engine, Access.CLAIM)
        try:
            migrations.upgrade(self._engine)
        except OperationalError as error:
            self.close()
            raise ServerError(_unreachable(self.url, error)) from None

    @property
    def shared(self) -> bool:
        """Whether other servers may use this database too."""
        return self._engine.dialect.name != "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot: all that is read is of one moment."""
        with Session(self._readers) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction beside which nobody else writes, not in another server either."""
        with self._writing, Session(self._writers) as session:
            yield session
            session.commit()
        if self._log is not None:
            self._log.flush()

    @contextmanager
    def claim(self) -> Iterator[Session]:
        """A transaction of statements that lock the rows they change, beside writers where that can be."""
        if self.shared:
            with Session(self._claimants) as session:
                yield session
                session.commit()
        else:
            with self.write() as session:
                yield session

    def close(self) -> None:
        self._engine.dispose()


def open_sqlite(path: Path) -> Store:
    """The database of a state directory; made when it is not there, readable by its owner only."""
    path.touch(mode=0o600)
    return Store(f"sqlite:///{path}")


def without_password(url: URL) -> URL:
    """The URL as it may be shown and kept; libpq would take a password from the query too."""
    kept = url.difference_update_query(["password"])
    # URL.set() takes None for "as it is".
    return URL.create(kept.drivername, kept.username, None, kept.host, kept.port, kept.database, kept.query)


def _unreachable(url: URL, error: OperationalError) -> str:
    reason = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
    remedy = "see that the server runs, and that the URL and the password (PGPASSFILE, PGPASSWORD) are right"
    if url.get_backend_name() == "sqlite":
        remedy = "see that the file is a database and its directory can be written to"
    return f"cannot use the database {without_password(url)}: {reason}; {remedy}"
