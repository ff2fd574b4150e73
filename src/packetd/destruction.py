# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes all machines of a state away, and forgets them."""

from __future__ import annotations

from sqlalchemy import delete, select

from packetd.facts import DRIVER, DRIVER_STATE, NETWORK, driver_of
from packetd.machines import driver_for
from packetd.ownership import ServerError, locked
from packetd.settings import State
from packetd.store import Store
from packetd.store.clock import clock
from packetd.store.location import is_there, open_store
from packetd.store.tables import Batch, Device, Gateway, Reservation, Route, Server, Setting


def destroy(state: State, driver: str | None) -> None:
    """Remove machines and networks; projects, keys and tokens stay.

    ``driver`` is needed only for a state without a database. Raises ServerError while a server runs.
    """
    if not state.directory.exists():
        return
    with locked(state):
        store = open_store(state) if is_there(state) else None
        if store is None and driver is None:
            raise ServerError(f"{state.directory} does not say which driver it was made with; give --driver")
        if store is not None:
            _refuse_while_served(store)
        # A database that names no driver was never served from, or was destroyed already.
        name = driver or (_remembered_driver(store) if store else None)
        if name is not None:
            driver_for(state, store, name).destroy()
        if store is not None:
            _forget(store)
            store.close()


def _refuse_while_served(store: Store) -> None:
    """The lock of the directory keeps its own server away, but not those of others over the same database."""
    with store.read() as session:
        hosts = session.scalars(select(Server.host).where(Server.alive_until > clock())).all()
    if store.shared and hosts:
        raise ServerError(f"servers on {', '.join(hosts)} still use this database; stop them first")


def _remembered_driver(store: Store) -> str | None:
    with store.read() as session:
        return driver_of(session)


def _forget(store: Store) -> None:
    # Reservations too: the ranges they are from went with the network.
    with store.write() as session:
        for table in (Device, Batch, Gateway, Reservation, Route):
            session.execute(delete(table))
        session.execute(delete(Setting).where(Setting.name.in_((DRIVER, DRIVER_STATE, NETWORK))))
