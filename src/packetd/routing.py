# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the driver's routes the same as the assignments of elastic addresses.

A route is written down before the driver hears of it, so that one left by a crash is found again; and
at every start the driver is told all of them once more, as routes do not outlive the host.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, or_, select

from packetd.drivers import Driver, DriverError
from packetd.store import Store
from packetd.store.tables import Assignment, Device, Route, now

log = logging.getLogger(__name__)

_AGAIN_AFTER = timedelta(seconds=2)


class Routing:
    """Used by one thread at a time to apply(), and by the provisioner's dispatcher for the rest."""

    def __init__(self, store: Store, driver: Driver) -> None:
        self._store = store
        self._driver = driver
        self._applied: dict[str, str] = {}
        self.next_attempt: datetime | None = None

    def begin(self) -> None:
        """From now on it is this server that tells the driver: all of them, at once."""
        self._applied = {}
        self.next_attempt = now()

    @staticmethod
    def differ() -> ColumnElement[bool]:
        """Whether routes are not those that are wanted, as a part of a question to the database."""
        return or_(
            select(_wanted().except_(_written()).subquery()).exists(),
            select(_written().except_(_wanted()).subquery()).exists(),
        )

    def apply(self) -> None:
        """Bring the routes to what is wanted; what the driver refuses is tried again later."""
        self.next_attempt = now() + _AGAIN_AFTER
        wanted, written = self._look()
        changes: list[tuple[str, str | None]] = [
            (network, None) for network in written.keys() - wanted.keys()
        ]
        changes += [
            (network, device_id)
            for network, device_id in wanted.items()
            if self._applied.get(network) != device_id or written.get(network) != device_id
        ]
        refused = [network for network, device_id in changes if not self._try(network, device_id)]
        if not refused:
            self.next_attempt = None

    def _look(self) -> tuple[dict[str, str], dict[str, str]]:
        with self._store.read() as session:
            wanted = {row.network: row.device_id for row in session.execute(_wanted())}
            written = {row.network: row.device_id for row in session.execute(_written())}
        return wanted, written

    def _try(self, network: str, device_id: str | None) -> bool:
        try:
            if device_id is None:
                self._remove(network)
            else:
                self._add(network, device_id)
        except DriverError as error:
            log.warning("route of %s to %s refused: %s", network, device_id or "nobody", error)
            return False
        return True

    def _add(self, network: str, device_id: str) -> None:
        with self._store.write() as session:
            session.merge(Route(network=network, device_id=device_id))
        self._driver.route(network, device_id)
        self._applied[network] = device_id

    def _remove(self, network: str) -> None:
        self._driver.route(network, None)
        self._applied.pop(network, None)
        with self._store.write() as session:
            route = session.get(Route, network)
            if route is not None:
                session.delete(route)


def _wanted() -> Select[str, str]:
    # A machine can be routed to once it was made.
    return (
        select(Assignment.network, Assignment.device_id)
        .join(Device, Device.id == Assignment.device_id)
        .where(Device.installed_at.is_not(None))
    )


def _written() -> Select[str, str]:
    return select(Route.network, Route.device_id)
