# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the servers over one database are alive, so that the work of a dead one is taken over.

A server promises to be alive for some seconds, by the database's clock, and renews that promise. One
that did not is removed by the others; what it had claimed is then free. A server that was only stopped
for a while finds out, and goes on as a new one that has claimed nothing.
"""

from __future__ import annotations

import logging
import socket
import threading
import time

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from packetd.store import Store
from packetd.store.clock import clock
from packetd.store.tables import Server, new_id

log = logging.getLogger(__name__)

_RENEWALS_IN_A_LEASE = 4


class Membership:
    """Held between join() and leave().

    ``state_id`` is that of the state directory; ``lease`` is in seconds.
    """

    def __init__(self, store: Store, state_id: str, *, lease: float) -> None:
        self._store = store
        self._state_id = state_id
        self._lease = lease
        self._leaving = threading.Event()
        self._renewing = threading.Thread(target=self._renew_until_left, name="membership", daemon=True)
        self._valid_until = 0.0
        self.id = ""
        self.leads = False
        """Whether this is the one server that does what is to be done once for all devices."""

    def join(self) -> None:
        """Become one of the servers; an earlier one of the same state directory is dead."""
        dead = delete(Server)
        if self._store.shared:
            dead = dead.where(Server.state_id == self._state_id)
        with self._store.write() as session:
            session.execute(dead)
        self._renew()
        # Nobody else can be over a database that is not shared, so nobody has to be told.
        if self._store.shared:
            self._renewing.start()

    def leave(self) -> None:
        """Free at once what is claimed."""
        self._leaving.set()
        if self._renewing.is_alive():
            self._renewing.join()
        with self._store.write() as session:
            session.execute(delete(Server).where(Server.id == self.id))

    def holds(self, claimant: str) -> bool:
        """Whether what was claimed in this name cannot have been taken over yet."""
        return claimant == self.id and (not self._store.shared or time.monotonic() < self._valid_until)

    def _renew_until_left(self) -> None:
        while not self._leaving.wait(self._lease / _RENEWALS_IN_A_LEASE):
            try:
                self._renew()
            except Exception:
                # The database may be back before the lease is over; if not, others take over.
                log.exception("cannot tell the database that this server is alive; tried again")

    def _renew(self) -> None:
        # From before the question, as the database counts from when it hears it.
        asked = time.monotonic()
        with self._store.claim() as session:
            _remove_expired(session)
            promise = {"alive_until": clock() + self._lease}
            renewal = update(Server).where(Server.id == self.id).values(promise).returning(Server.id)
            identifier = session.scalar(renewal) or new_id()
            if identifier != self.id:
                joining = {"id": identifier, "state_id": self._state_id, "host": socket.gethostname()}
                session.execute(insert(Server).values(joining | promise))
            oldest = session.scalar(select(Server.id).order_by(Server.started_at, Server.id).limit(1))
        self.id, self.leads = identifier, oldest == identifier
        self._valid_until = asked + self._lease


def _remove_expired(session: Session) -> None:
    # One that somebody else is just removing, or that is claiming after all, is left to the next time.
    expired = select(Server.id).where(Server.alive_until < clock()).with_for_update(skip_locked=True)
    removed = delete(Server).where(Server.id.in_(expired)).returning(Server.host)
    for host in session.scalars(removed):
        log.warning("the server on %s is not heard of any more; its work is taken over", host)
