# SPDX-License-Identifier: GPL-3.0-or-later
"""The database: its schema, and what a transaction promises."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError

from packetd.store import migrations, open_sqlite
from packetd.store.tables import DeviceAddress, Organization, Table


def test_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "x.sqlite").close()
    engine = create_engine(f"sqlite:///{tmp_path}/x.sqlite")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
    engine.dispose()
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == migrations.HEAD


def test_what_fails_leaves_no_trace_and_what_ends_is_kept(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "x.sqlite")
    with store.write() as session:
        session.add(Organization(id="1", name="first"))
    with pytest.raises(IntegrityError), store.write() as session:
        session.add_all([Organization(name="lost"), Organization(id="1", name="twice")])
    with store.write() as session:
        session.add(Organization(name="kept"))
    store.close()
    again = open_sqlite(tmp_path / "x.sqlite")
    with again.read() as session:
        assert session.scalars(select(Organization.name)).all() == ["first", "kept"]
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
    again.close()


def test_what_is_written_is_on_the_disk_when_the_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every writer waits for a flush that began after its commit; those who wait together share one."""
    store = open_sqlite(tmp_path / "x.sqlite")
    flush, begun = os.fdatasync, list[set[str]]()
    committed, lock = set[str](), threading.Lock()

    def recorded(file: int) -> None:
        assert os.readlink(f"/proc/self/fd/{file}") == str(tmp_path / "x.sqlite-wal")
        with store.read() as session:
            begun.append(set(session.scalars(select(Organization.name))))
        flush(file)
        with lock:
            committed.update(begun[-1])

    monkeypatch.setattr(os, "fdatasync", recorded)

    def write(writer: int) -> None:
        for number in range(10):
            name = f"{writer}-{number}"
            with store.write() as session:
                session.add(Organization(name=name))
            with lock:
                assert name in committed

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(committed) == 80
    assert len(begun) < 80
    store.close()


def test_references_are_enforced(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "x.sqlite")
    with pytest.raises(IntegrityError), store.write() as session:
        session.add(
            DeviceAddress(
                device_id="absent",
                position=0,
                address="192.0.2.2",
                network="192.0.2.0/24",
                gateway="192.0.2.1",
                cidr=24,
                family=4,
                public=True,
            )
        )
    store.close()
