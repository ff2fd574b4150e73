# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas: from the first one on, with rows in it, in each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgresql_process import PASSWORD, PostgreSQL
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    insert,
    make_url,
    select,
    text,
)

from packetd.ownership import ServerError
from packetd.store import Store, engines, migrations
from packetd.store.tables import Table

_REVISIONS = sorted(path.name[:4] for path in Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))
_ROWS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/x.sqlite"
    else:
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        url = postgresql.database()
    made = engines.of(make_url(url))
    yield made
    made.dispose()


def value(column: Column[Any], number: int) -> Any:
    """Something of the column's type; the same for a key and for what refers to it."""
    if isinstance(column.type, DateTime):
        return datetime(2026, 1, number + 1, tzinfo=UTC)
    if isinstance(column.type, JSON):
        return {"n": [number, None, "ü"]}
    if isinstance(column.type, Boolean):
        return number % 2 == 0
    if isinstance(column.type, Integer):
        return number + 1
    # A migration may have to understand it.
    return f"192.0.2.{number}/32" if column.name == "network" else f"text {number}"


def fill(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Rows in every table there is; returns them."""
    metadata = MetaData()
    metadata.reflect(engine)
    rows = {}
    with engines.having(engine, engines.Access.WRITE).begin() as connection:
        for table in metadata.sorted_tables:
            if table.name == "alembic_version":
                continue
            rows[table.name] = [
                {column.name: value(column, number) for column in table.columns} for number in range(_ROWS)
            ]
            connection.execute(insert(table), rows[table.name])
    return rows


def content(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: [
                {name: comparable(value) for name, value in row.items()}
                for row in connection.execute(select(table)).mappings()
            ]
            for table in metadata.sorted_tables
        }


def comparable(value: Any) -> Any:
    """SQLite has no zones."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def test_every_schema_is_reached_from_the_first_with_its_rows(engine: Engine) -> None:
    migrations.upgrade(engine, to=_REVISIONS[0])
    before = fill(engine)
    for revision in _REVISIONS[1:]:
        migrations.upgrade(engine, to=revision)
        assert migrations.present(engine) == revision
    after = content(engine)
    for table, rows in before.items():
        kept = [{name: row[name] for name in after[table][0] if name in row} for row in rows]
        found = [{name: row[name] for name in kept[0]} for row in after[table]]
        for row in kept:
            assert row in found, table
        assert len(found) == len(kept), table


def test_the_tables_are_those_of_the_code(engine: Engine) -> None:
    migrations.upgrade(engine)
    assert _REVISIONS[-1] == migrations.HEAD
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_a_newer_schema_is_refused(engine: Engine) -> None:
    migrations.upgrade(engine)
    with engines.having(engine, engines.Access.WRITE).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ServerError, match=f"has schema 9999, this packetd knows {migrations.HEAD}"):
        Store(engine.url)
