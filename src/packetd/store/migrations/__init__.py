# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a database to the schema of this release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from packetd.ownership import ServerError
from packetd.store import engines
from packetd.store.engines import Access

# The newest file in versions/. Named here so that a database that has it opens without Alembic,
# whose import alone takes half a second.
HEAD = "0009"


def upgrade(engine: Engine, to: str = HEAD) -> None:
    """Apply what is missing, in one transaction. Raises ServerError for the schema of a newer release.

    Of several servers that start at once, one migrates and the others find it done.
    """
    found = present(engine)
    if found == to:
        return
    if found is not None and found > HEAD:
        raise ServerError(
            f"the database has schema {found}, this packetd knows {HEAD} and older;"
            " use the release that made it, or a newer one"
        )
    writing = engines.having(engine, Access.WRITE)
    begun = _unenforced(writing) if engine.dialect.name == "sqlite" else writing.begin()
    with begun as connection:
        _run_alembic(connection, to)


def present(engine: Engine) -> str | None:
    """The schema that a database has ("0001"); None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


@contextmanager
def _unenforced(engine: Engine) -> Iterator[Connection]:
    """A transaction in which SQLite follows no references until the end, when all must be whole.

    Changing a table means replacing it there, and dropping the old one would empty all that refer to it.
    """
    with engine.connect() as connection:
        # On the driver's own connection, as it has no effect once a transaction has begun.
        driver = connection.connection.cursor()
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise ServerError(
                        f"rows of the database refer to nothing: {broken[:3]}; it was left as it is"
                    )
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _run_alembic(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
