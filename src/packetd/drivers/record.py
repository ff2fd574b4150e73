# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver ``record``: hardware that exists only as a record of what was asked of it.

It SIMULATES: nothing answers at the addresses of its devices. It is for trying clients and for
rehearsing with thousands of devices. Like real hardware it goes on while packetd is away: its
machines are in a database of their own, and one that was booting when packetd was killed still
phones home afterwards.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import ClassVar

from packetd.drivers import DriverError, Machine, Power
from packetd.drivers.docker import host
from packetd.model.addresses import ExhaustedError, NetworkPlan, choose_free

log = logging.getLogger(__name__)

# Shared address space (RFC 6598) and a private one: nobody else's machine is ever behind them.
_PUBLIC = IPv4Network("100.64.0.0/10")
_PRIVATE = IPv4Network("10.0.0.0/8")
# A public range of 16382 addresses and an elastic one of the same size beside it.
_PUBLIC_PREFIX, _PRIVATE_PREFIX = 17, 18

_SCHEMA = """
CREATE TABLE IF NOT EXISTS networks (name TEXT PRIMARY KEY, network TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS machines (
    device_id TEXT PRIMARY KEY, hostname TEXT NOT NULL, power TEXT NOT NULL, phone_home_at REAL
);
CREATE TABLE IF NOT EXISTS routes (network TEXT PRIMARY KEY, device_id TEXT NOT NULL);
"""


class RecordDriver:
    """Simulated machines, recorded in ``record.sqlite`` of the state directory.

    ``delay`` is the seconds an installation takes. ``phone_home`` is called with the id of a device
    whose machine is up; set it before start().
    """

    name: ClassVar[str] = "record"

    def __init__(self, state: Path, *, delay: float = 0.0) -> None:
        self._file = state / "record.sqlite"
        self._delay = delay
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._connection: sqlite3.Connection | None = None
        self._plan: NetworkPlan | None = None
        self._clock = threading.Thread(target=self._tick, name="record", daemon=True)
        self.phone_home: Callable[[str], None] = lambda _device_id: None

    def start(self) -> None:
        self._connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
        self._plan = self._load_plan() or self._choose_plan()
        self._clock.start()

    def stop(self) -> None:
        self._stopping.set()
        self._changed.set()
        if self._clock.is_alive():
            self._clock.join()
        if self._connection is not None:
            self._connection.close()

    def destroy(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)

    @property
    def network(self) -> NetworkPlan:
        if self._plan is None:
            raise DriverError("the record driver is not started")
        return self._plan

    def operating_systems(self) -> None:
        """Nothing is really installed, so everything can be."""
        return

    def create(self, machine: Machine) -> None:
        self._execute(
            "INSERT OR IGNORE INTO machines VALUES (?, ?, ?, ?)",
            (machine.id, machine.hostname, Power.ON, time.time() + self._delay),
        )
        self._changed.set()

    def destroy_machine(self, device_id: str) -> None:
        self._execute("DELETE FROM machines WHERE device_id = ?", (device_id,))

    def power(self, device_id: str, on: bool) -> None:
        self._update(device_id, "power = ?", Power.ON if on else Power.OFF)

    def reboot(self, device_id: str) -> None:
        self._update(device_id, "power = ?", Power.ON)

    def reinstall(self, machine: Machine) -> None:
        self._update(machine.id, "power = 'on', phone_home_at = ?", time.time() + self._delay)
        self._changed.set()

    def state(self, device_id: str) -> Power:
        rows = self._execute("SELECT power FROM machines WHERE device_id = ?", (device_id,))
        return Power(rows[0][0]) if rows else Power.ABSENT

    def route(self, network: str, device_id: str | None) -> None:
        if device_id is None:
            self._execute("DELETE FROM routes WHERE network = ?", (network,))
        else:
            self._execute("INSERT OR REPLACE INTO routes VALUES (?, ?)", (network, device_id))

    def _update(self, device_id: str, change: str, value: object) -> None:
        if self.state(device_id) is Power.ABSENT:
            raise DriverError(f"device {device_id} has no machine")
        self._execute(f"UPDATE machines SET {change} WHERE device_id = ?", (value, device_id))  # noqa: S608

    def _execute(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[str, ...]]:
        if self._connection is None:
            raise DriverError("the record driver is not started")
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    # The machines' own time

    def _tick(self) -> None:
        """Let the machines phone home when their installation is over."""
        while not self._stopping.is_set():
            self._changed.clear()
            waiting = self._execute(
                "SELECT device_id, phone_home_at FROM machines WHERE phone_home_at IS NOT NULL"
                " ORDER BY phone_home_at LIMIT 1"
            )
            wait = float(waiting[0][1]) - time.time() if waiting else None
            if wait is None or wait > 0:
                self._changed.wait(wait)
                continue
            device_id = waiting[0][0]
            self.phone_home(device_id)
            self._execute("UPDATE machines SET phone_home_at = NULL WHERE device_id = ?", (device_id,))

    # Addresses

    def _load_plan(self) -> NetworkPlan | None:
        ranges = {name: IPv4Network(text) for name, text in self._execute("SELECT * FROM networks")}
        if not ranges:
            return None
        return NetworkPlan(public=ranges["public"], elastic=ranges["elastic"], private=ranges["private"])

    def _choose_plan(self) -> NetworkPlan:
        used = list(host.routed(besides=""))
        try:
            both = choose_free(_PUBLIC.subnets(new_prefix=_PUBLIC_PREFIX), used)
            private = choose_free(self._private_candidates(), used)
        except ExhaustedError as error:
            raise DriverError(f"no addresses for simulated devices: {error}") from None
        public, elastic = both.subnets()
        networks = (("public", public), ("elastic", elastic), ("private", private))
        for name, network in networks:
            self._execute("INSERT INTO networks VALUES (?, ?)", (name, str(network)))
        return NetworkPlan(public=public, elastic=elastic, private=private)

    @staticmethod
    def _private_candidates() -> Iterator[IPv4Network]:
        """The last first: the low ones are those that networks of other programs begin with."""
        return reversed(list(_PRIVATE.subnets(new_prefix=_PRIVATE_PREFIX)))
