# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that are in force, and how often each struck.

They are in the database, and in memory for those who ask at every call. Their counts are in memory
first, as some are counted in the middle of a transaction that will come to nothing; a thread writes
them down soon after, and at the same time learns of what other servers of this database changed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from random import SystemRandom
from typing import Any

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from packetd.drivers import DriverError, Machine
from packetd.model import faults as model
from packetd.store import Store
from packetd.store.tables import Fault, now

log = logging.getLogger(__name__)

# How soon counts are on disk, and other servers' faults known here.
_WRITE_SECONDS = 0.2
_LOOK_SECONDS = 1.0
# A delay that was forgotten by whom it was for: the device was deleted.
_STALE_SECONDS = 3600.0


class ArmedFault:
    """One fault, with its counts; any thread may ask."""

    def __init__(self, row: Fault) -> None:
        self.id = row.id
        self.created_at = row.created_at
        self.fault: model.Fault = msgspec.convert(row.description, model.Fault)
        self._lock = threading.Lock()
        self._occasions = self._written_occasions = row.occasions
        self._fired = self._written_fired = row.fired

    def strikes(self) -> bool:
        """Count an occasion; True when the fault strikes at it."""
        with self._lock:
            if self.fault.times is not None and self._fired >= self.fault.times:
                return False
            self._occasions += 1
            struck = self.fault.strikes(self._occasions)
            self._fired += struck
            return struck

    @property
    def fired(self) -> int:
        return self._fired

    def unwritten(self) -> tuple[int, int]:
        """Occasions and strikes that the database does not know of."""
        with self._lock:
            return self._occasions - self._written_occasions, self._fired - self._written_fired

    def written(self, occasions: int, fired: int) -> None:
        """So many more are in the database now."""
        with self._lock:
            self._written_occasions += occasions
            self._written_fired += fired

    def learn(self, row: Fault) -> None:
        """Add what other servers counted."""
        with self._lock:
            self._occasions += row.occasions - self._written_occasions
            self._fired += row.fired - self._written_fired
            self._written_occasions, self._written_fired = row.occasions, row.fired


class Faults:
    """Those of one database. Works from start() to stop(); what it answers needs no query."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._armed: dict[str, ArmedFault] = {}
        # Whether anything can go wrong with a call: what every call asks.
        self.concern_calls = False
        self._delays: dict[str, float] = {}
        self._syncing = threading.Lock()
        self._counted = threading.Event()
        self._stopping = threading.Event()
        self._writer = threading.Thread(target=self._keep, name="faults", daemon=True)

    def start(self) -> None:
        self._sync()
        if self._armed:
            log.warning("%d faults are in force; see: packetd fault list", len(self._armed))
        self._writer.start()

    def stop(self) -> None:
        self._stopping.set()
        self._counted.set()
        self._writer.join()

    # Managing them

    def add(self, values: dict[str, Any]) -> ArmedFault:
        """Put a fault in force, described as in model/faults.py; raises FaultError."""
        fault = model.describe(values, seed=SystemRandom().randrange(2**31))
        row = Fault(description=msgspec.to_builtins(fault), created_at=now())
        with self._store.write() as session:
            session.add(row)
            session.flush()
            id_ = row.id
        self._sync()
        return self._armed[id_]

    def all(self) -> list[ArmedFault]:
        """The oldest first."""
        return list(self._armed.values())

    def clear(self, id_: str | None = None) -> int:
        """Lift one fault, or all; returns how many there were."""
        lifted = delete(Fault).where(Fault.id == id_) if id_ is not None else delete(Fault)
        with self._store.write() as session:
            count = len(session.scalars(lifted.returning(Fault.id)).all())
        self._sync()
        return count

    # Meeting them

    def of_call(self, method: str, path: str) -> Iterator[model.CallFault]:
        """What goes wrong with a call, the oldest fault first; each counts when it is asked for."""
        for armed in self._armed.values():
            fault = armed.fault
            if isinstance(fault, model.CallFault) and fault.matches(method, path) and self._strikes(armed):
                yield fault

    def exhausted(self, hostname: str, plan: str, metro: str) -> bool:
        """Whether there shall be no server for this order."""
        return any(self._strikes(armed) for armed in self._of_order(hostname, plan, metro))

    def concern_order(self, hostname: str, plan: str, metro: str) -> bool:
        """Whether there may be no server for this order; that it is asked does not count."""
        return next(self._of_order(hostname, plan, metro), None) is not None

    def _of_order(self, hostname: str, plan: str, metro: str) -> Iterator[ArmedFault]:
        for armed in self._armed.values():
            if isinstance(armed.fault, model.Capacity) and armed.fault.matches(hostname, plan, metro):
                yield armed

    def hinder(self, machine: Machine) -> None:
        """Raise the DriverError that is wanted of the installation of a machine, if one is."""
        self._delay(machine)
        for armed in self._armed.values():
            fault = armed.fault
            if (
                isinstance(fault, model.ProvisioningFailure)
                and fault.matches(machine.hostname, machine.plan, machine.metro)
                and self._strikes(armed)
            ):
                raise DriverError(fault.reason, retryable=fault.retryable)

    def _delay(self, machine: Machine) -> None:
        end = self._delays.get(machine.id)
        if end is None:
            end = time.monotonic() + sum(
                armed.fault.seconds
                for armed in self._armed.values()
                if isinstance(armed.fault, model.SlowProvisioning)
                and armed.fault.matches(machine.hostname, machine.plan, machine.metro)
                and self._strikes(armed)
            )
        left = end - time.monotonic()
        if left <= 0:
            self._delays.pop(machine.id, None)
            return
        # No worker waits: the provisioner comes back when it is time.
        self._delays[machine.id] = end
        raise DriverError(
            f"slowed down by {left:.1f} seconds, as a fault wants",
            retryable=True,
            after=timedelta(seconds=left),
        )

    def _strikes(self, armed: ArmedFault) -> bool:
        struck = armed.strikes()
        self._counted.set()
        return struck

    # Keeping memory and database the same

    def _keep(self) -> None:
        while not self._stopping.is_set():
            if self._counted.wait(_LOOK_SECONDS if self._store.shared else None):
                self._stopping.wait(_WRITE_SECONDS)
                self._counted.clear()
            try:
                self._sync()
            except SQLAlchemyError:
                log.exception("faults cannot be read or counted; tried again in %g seconds", _LOOK_SECONDS)
                self._stopping.wait(_LOOK_SECONDS)

    def _sync(self) -> None:
        with self._syncing:
            self._write()
            with self._store.read() as session:
                rows = session.scalars(select(Fault).order_by(Fault.created_at, Fault.id)).all()
                armed = {}
                for row in rows:
                    armed[row.id] = self._armed.get(row.id) or ArmedFault(row)
                    armed[row.id].learn(row)
            self._armed = armed
            self.concern_calls = any(isinstance(item.fault, model.CallFault) for item in armed.values())
        forgotten = time.monotonic() - _STALE_SECONDS
        for device_id in [id_ for id_, end in list(self._delays.items()) if end < forgotten]:
            del self._delays[device_id]

    def _write(self) -> None:
        counts = {armed.id: armed.unwritten() for armed in self.all()}
        counts = {id_: new for id_, new in counts.items() if any(new)}
        if not counts:
            return
        with self._store.claim() as session:
            for id_, (occasions, fired) in counts.items():
                # Added by the database itself, as other servers count too.
                more = {"occasions": Fault.occasions + occasions, "fired": Fault.fired + fired}
                session.execute(update(Fault).where(Fault.id == id_).values(more))
        for id_, new in counts.items():
            self._armed[id_].written(*new)
