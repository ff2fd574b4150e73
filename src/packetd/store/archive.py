# SPDX-License-Identifier: GPL-3.0-or-later
"""A database as one file: lines of JSON, the same from SQLite and from PostgreSQL.

    {"packetd_backup": 1, "schema": "0003", "made_at": "..."}
    {"table": "users", "columns": ["id", ...]}
    ["4f0c...", ...]                                     one line a row
    ...
    {"rows": 4711, "sha256": "..."}                      of all lines above

An archive of an older release is read into the schema that it was made from, and migrated there.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import msgspec
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    insert,
    make_url,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from packetd.ownership import ServerError
from packetd.store import Store, engines, migrations
from packetd.store.engines import Access
from packetd.store.tables import Server
from packetd.store.tables import Table as Base

_FORMAT = 1
_BATCH = 1000
# What is only true of servers that run just now.
_LIVE_TABLE = Server.__tablename__
_LIVE_COLUMN = "claimed_by"


class _Header(msgspec.Struct):
    packetd_backup: int
    schema: str
    made_at: datetime


class _Section(msgspec.Struct):
    table: str
    columns: list[str]


class _End(msgspec.Struct):
    rows: int
    sha256: str


def tables() -> list[Table]:
    """What an archive holds, in an order in which references point backwards."""
    return [table for table in Base.metadata.sorted_tables if table.name != _LIVE_TABLE]


def rows_of(session: Session, table: Table) -> Iterator[dict[str, Any]]:
    """All rows of a table, belonging to no server."""
    found = session.execute(select(table).execution_options(yield_per=_BATCH))
    for row in found.mappings():
        yield {column: None if column == _LIVE_COLUMN else value for column, value in row.items()}


def write(session: Session, file: IO[bytes]) -> int:
    """Write the snapshot that the session sees; returns how many rows."""
    digest, count = hashlib.sha256(), 0

    def put(line: object) -> None:
        content = msgspec.json.encode(line) + b"\n"
        digest.update(content)
        file.write(content)

    put(_Header(_FORMAT, migrations.HEAD, datetime.now(UTC)))
    for table in tables():
        put(_Section(str(table.name), [str(column.name) for column in table.columns]))
        for row in rows_of(session, table):
            put(list(row.values()))
            count += 1
    file.write(msgspec.json.encode(_End(count, digest.hexdigest())) + b"\n")
    return count


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """An archive as a database of its own, of the present schema; raises ServerError for a damaged one."""
    try:
        header = _verify(path)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ServerError(f"{path} is no whole backup of packetd: {error}") from None
    if header.schema > migrations.HEAD:
        raise ServerError(
            f"{path} has schema {header.schema}, this packetd knows {migrations.HEAD} and older;"
            " restore it with the release that made it, or a newer one"
        )
    with TemporaryDirectory(prefix="packetd-restore-") as directory:
        url = make_url(f"sqlite:///{directory}/archive.sqlite")
        engine = engines.of(url)
        migrations.upgrade(engine, to=header.schema)
        try:
            with path.open("rb") as file, engines.having(engine, Access.WRITE).begin() as connection:
                _read(connection, file)
        except (SQLAlchemyError, msgspec.MsgspecError, KeyError, ValueError) as error:
            raise ServerError(f"{path} cannot be read: {error}") from None
        finally:
            engine.dispose()
        store = Store(url)
        try:
            yield store
        finally:
            store.close()


def put_rows(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows of a table, many at once."""
    plain = table.to_metadata(MetaData())
    for column in plain.columns:
        # What is nothing in the archive was nothing in the database, where it could be.
        if isinstance(column.type, JSON):
            column.type = JSON(none_as_null=bool(column.nullable))
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        connection.execute(insert(plain), batch)


def _verify(path: Path) -> _Header:
    """Compare the file with its last line before anything of it is used."""
    digest, rows, last = hashlib.sha256(), 0, b""
    with path.open("rb") as file:
        header = msgspec.json.decode(file.readline(), type=_Header)
        file.seek(0)
        for line in file:
            digest.update(last)
            rows += last.startswith(b"[")
            last = line
    end = msgspec.json.decode(last, type=_End)
    if (end.rows, end.sha256) != (rows, digest.hexdigest()):
        raise ValueError("its content is not what its last line says")
    if header.packetd_backup != _FORMAT:
        raise ValueError(f"it has format {header.packetd_backup}, allowed is {_FORMAT}")
    return header


def _read(connection: Connection, file: IO[bytes]) -> None:
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    metadata = MetaData()
    metadata.reflect(connection)
    for section, values in _batches(file):
        table = metadata.tables[section.table]
        columns = [table.columns[name] for name in section.columns]
        put_rows(
            connection,
            table,
            (
                {column.name: _value(column, value) for column, value in zip(columns, row, strict=True)}
                for row in values
            ),
        )


def _batches(file: IO[bytes]) -> Iterator[tuple[_Section, list[list[Any]]]]:
    """Rows, so many at once as fit well into memory, with the table they are of."""
    section, batch = _Section("", []), []
    for line in file:
        if line.startswith(b"["):
            batch.append(msgspec.json.decode(line, type=list[Any]))
        if batch and (len(batch) == _BATCH or not line.startswith(b"[")):
            yield section, batch
            batch = []
        if line.startswith(b'{"table"'):
            section = msgspec.json.decode(line, type=_Section)


def _value(column: Column[Any], value: Any) -> Any:
    """As the database's driver takes it; JSON has no moments and no bytes."""
    if isinstance(value, str) and isinstance(column.type, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return value
