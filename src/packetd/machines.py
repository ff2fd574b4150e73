# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the machines that there are with the devices that are known.

They agree unless the database was exchanged, or a machine was taken away by other hands.
"""

from __future__ import annotations

from sqlalchemy import select

from packetd.drivers import Driver
from packetd.drivers.choice import make_driver
from packetd.facts import driver_of
from packetd.ownership import ServerError
from packetd.settings import Listen, Settings, State
from packetd.store import Store
from packetd.store.location import open_store
from packetd.store.tables import Device

_NOWHERE = Listen("127.0.0.1", 0)


class Differences:
    """Ids of machines without a device (``unknown``), and of devices without their machine (``missing``)."""

    def __init__(self, store: Store, driver: Driver) -> None:
        # The machines first: one that is made meanwhile has its device already.
        machines = driver.machines()
        with store.read() as session:
            known = set(session.scalars(select(Device.id)))
            installed = set(session.scalars(select(Device.id).where(Device.installed_at.is_not(None))))
        self.unknown = sorted(machines - known)
        self.missing = sorted(installed - machines)


def driver_for(state: State, store: Store | None, name: str) -> Driver:
    """The driver of a state, for what needs no start; ``store`` is None for one that lost its database."""
    settings = Settings(state, name, api=_NOWHERE, proxy=_NOWHERE)
    return make_driver(settings, store.url if store is not None and store.shared else None)


def compare(state: State, *, remove_unknown: bool) -> Differences:
    """What differs; ``remove_unknown`` removes, for good, the machines that belong to no device."""
    store = open_store(state)
    try:
        with store.read() as session:
            name = driver_of(session)
        if name is None:
            raise ServerError(f"{state.directory} was never served, so it has no machines")
        driver = driver_for(state, store, name)
        found = Differences(store, driver)
        if remove_unknown:
            for machine in found.unknown:
                driver.destroy_machine(machine)
        return found
    finally:
        store.close()
