# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a state's database into a file and brings it back, also while servers are at work over it.

Machines are not in a backup, as they are not in the database. What is restored may therefore know
machines that are gone, and not know some that are there: both are told, and nothing is removed.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Table, delete, func, select, text
from sqlalchemy.orm import Session

from packetd import accounts
from packetd.drivers import Driver
from packetd.facts import DRIVER_STATE, driver_of, network_of
from packetd.machines import Differences, driver_for
from packetd.ownership import ServerError
from packetd.settings import State
from packetd.store import Store, archive
from packetd.store.location import open_store
from packetd.store.tables import Device, Project, Route, Setting


def back_up(state: State, path: Path) -> int:
    """Write all that the database holds at this moment, for its owner only; returns how many rows."""
    store = open_store(state)
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with store.read() as session:
                rows = archive.write(session, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
        store.close()
    return rows


def restore(state: State, path: Path, *, replace: bool) -> Differences:
    """Put a backup in the place of what the state's database holds, in one transaction.

    Raises ServerError, with nothing changed, for a file that is damaged, newer, or of another driver
    or network; and where there are projects already, unless ``replace``.
    """
    state.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with archive.opened(path) as source:
        store = open_store(state, make=True)
        try:
            driver = _driver(state, store, source)
            with source.read() as old, store.write() as new:
                _check(new, replace=replace)
                _exchange(old, new)
            # The token in the state's file may be younger than the backup.
            accounts.prepare(store, state)
            return Differences(store, driver)
        finally:
            store.close()


def _driver(state: State, store: Store, source: Store) -> Driver:
    """The driver of the backup, with its ranges; raises ServerError when the state has another."""
    with source.read() as old, store.read() as new:
        wanted, network, present = driver_of(old), network_of(old), driver_of(new)
    if wanted is None or network is None:
        raise ServerError("the backup is of a state that was never served: there is nothing to restore")
    if present not in (None, wanted):
        raise ServerError(
            f"the backup is of --driver {wanted}, this state has {present}; give --state another directory"
        )
    driver = driver_for(state, store, wanted)
    driver.adopt(network)
    return driver


def _check(new: Session, *, replace: bool) -> None:
    projects = new.scalar(select(func.count()).select_from(Project)) or 0
    devices = new.scalar(select(func.count()).select_from(Device)) or 0
    if (projects or devices) and not replace:
        raise ServerError(
            f"this state holds {projects} projects and {devices} devices, which would be forgotten;"
            " --replace puts the backup in their place"
        )


def _exchange(old: Session, new: Session) -> None:
    """All rows of ``new`` go, those of ``old`` come, but for what is true of the hardware here."""
    kept = {
        Setting.__table__: {setting.name for setting in new.scalars(select(Setting))} | {DRIVER_STATE},
        Route.__table__: set(new.scalars(select(Route.network))),
    }
    for table in reversed(archive.tables()):
        if table not in kept:
            new.execute(delete(table))
    for table in archive.tables():
        key = table.primary_key.columns[0].name
        rows = (row for row in archive.rows_of(old, table) if row[key] not in kept.get(table, ()))
        archive.put_rows(new.connection(), table, rows)
        if new.get_bind().dialect.name == "postgresql":
            _go_on_counting(new, table)


def _go_on_counting(session: Session, table: Table) -> None:
    """Numbers came with the rows, and PostgreSQL would begin at the first again."""
    column = table.autoincrement_column
    last = None if column is None else session.scalar(select(func.max(column)))
    if column is not None and last is not None:
        advance = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
        session.execute(advance, {"table": table.name, "column": column.name, "last": last})
