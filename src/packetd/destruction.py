# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes all machines of a state away, and forgets them."""

from __future__ import annotations

from sqlalchemy import delete

from packetd.drivers.choice import make_driver
from packetd.ownership import ServerError, locked
from packetd.settings import Listen, Settings, State
from packetd.store import Store, open_sqlite
from packetd.store.tables import Batch, Device, Reservation, Route, Setting

_NOWHERE = Listen("127.0.0.1", 0)


def destroy(state: State, driver: str | None) -> None:
    """Remove machines and networks; projects, keys and tokens stay.

    ``driver`` is needed only for a state without a database. Raises ServerError while a server runs.
    """
    if not state.directory.exists():
        return
    with locked(state):
        store = open_sqlite(state.database) if state.database.exists() else None
        if store is None and driver is None:
            raise ServerError(f"{state.directory} does not say which driver it was made with; give --driver")
        # A database that names no driver was never served from, or was destroyed already.
        name = driver or (_driver_of(store) if store else None)
        if name is not None:
            make_driver(Settings(state, name, api=_NOWHERE, proxy=_NOWHERE)).destroy()
        if store is not None:
            _forget(store)
            store.close()


def _driver_of(store: Store) -> str | None:
    with store.read() as session:
        setting = session.get(Setting, "driver")
        return setting.value if setting else None


def _forget(store: Store) -> None:
    # Reservations too: the ranges they are from went with the network.
    with store.write() as session:
        for table in (Device, Batch, Reservation, Route):
            session.execute(delete(table))
        session.execute(delete(Setting).where(Setting.name == "driver"))
