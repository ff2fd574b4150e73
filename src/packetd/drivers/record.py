# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver ``record``: hardware that exists only as a record of what was asked of it.

It SIMULATES: nothing answers at the addresses of its devices. It is for trying clients and for
rehearsing with thousands of devices. Like real hardware it goes on while packetd is away: its
machines are in a database of their own (or a schema of their own, where several servers share one),
and one that was booting when packetd was killed still phones home afterwards.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import URL, Connection, Engine, Row, event, make_url, text
from sqlalchemy.pool import ConnectionPoolEntry

from packetd.drivers import DriverError, Machine, Power
from packetd.drivers.docker import host
from packetd.drivers.record_volumes import SCHEMA as VOLUMES_SCHEMA
from packetd.drivers.record_volumes import RecordedVolumes
from packetd.model.addresses import ExhaustedError, NetworkPlan, choose_free
from packetd.store import engines
from packetd.store.engines import Access

log = logging.getLogger(__name__)

# Shared address space (RFC 6598) and a private one: nobody else's machine is ever behind them.
_PUBLIC = IPv4Network("100.64.0.0/10")
_PRIVATE = IPv4Network("10.0.0.0/8")
_POSTGRESQL_SCHEMA = "record"
# A public range of 16382 addresses and an elastic one of the same size beside it.
_PUBLIC_PREFIX, _PRIVATE_PREFIX = 17, 18
# From the block whose packets are thrown away everywhere (RFC 6666): nobody can be behind it either.
_PUBLIC6 = IPv6Network("100::/80")

# How soon a server notices that a machine which another one has made has to phone home.
_LONGEST_WAIT = 1.0

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS networks (name TEXT PRIMARY KEY, network TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS machines (device_id TEXT PRIMARY KEY, hostname TEXT NOT NULL,"
    " power TEXT NOT NULL, phone_home_at DOUBLE PRECISION)",
    "CREATE INDEX IF NOT EXISTS machines_phoning ON machines (phone_home_at) WHERE phone_home_at IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS routes (network TEXT PRIMARY KEY, device_id TEXT NOT NULL)",
)

_INSERT = "INSERT INTO machines VALUES (:id, :hostname, :power, :up_at) ON CONFLICT (device_id) DO "
_CREATE = _INSERT + "NOTHING"
_REINSTALL = _INSERT + "UPDATE SET power = excluded.power, phone_home_at = excluded.phone_home_at"


class RecordDriver:
    """Simulated machines, recorded at ``url`` (see url_of).

    ``delay`` is the seconds an installation takes, ``power_delay`` those that switching, restarting and
    removing a machine take. ``phone_home`` is called with the id of a device whose machine is up; set it
    before start().
    """

    name: ClassVar[str] = "record"
    simulated: ClassVar[bool] = True

    def __init__(self, url: URL, *, delay: float = 0.0, power_delay: float = 0.0) -> None:
        self._url = url
        self._delay = delay
        self._power_delay = power_delay
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._engine = _engine(url)
        self._claimants = engines.having(self._engine, Access.CLAIM)
        self._plan: NetworkPlan | None = None
        self._clock = threading.Thread(target=self._tick, name="record", daemon=True)
        self.phone_home: Callable[[str], None] = lambda _device_id: None

    def start(self) -> None:
        with self._prepared() as connection:
            self._plan = _load_plan(connection) or _save_plan(connection, _choose_plan())
        self._clock.start()

    @contextmanager
    def _prepared(self) -> Iterator[Connection]:
        """A transaction over tables that exist; of several servers that start, one makes them."""
        with engines.having(self._engine, Access.WRITE).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {_POSTGRESQL_SCHEMA}"))
            for statement in (*_SCHEMA, *VOLUMES_SCHEMA):
                connection.execute(text(statement))
            yield connection

    def stop(self) -> None:
        self._stopping.set()
        self._changed.set()
        if self._clock.is_alive():
            self._clock.join()
        self._engine.dispose()

    def destroy(self) -> None:
        if self._url.database is not None and self._url.get_backend_name() == "sqlite":
            for suffix in ("", "-wal", "-shm"):
                Path(self._url.database + suffix).unlink(missing_ok=True)
            return
        with engines.having(self._engine, Access.WRITE).begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {_POSTGRESQL_SCHEMA} CASCADE"))
        self._engine.dispose()

    def adopt(self, network: NetworkPlan) -> None:
        with self._prepared() as connection:
            kept = _load_plan(connection) or _save_plan(connection, network)
        if not kept.same_ranges(network):
            raise DriverError(f"the record of this state has {kept}; give --state a new directory")

    @property
    def network(self) -> NetworkPlan:
        if self._plan is None:
            raise DriverError("the record driver is not started")
        return self._plan

    @property
    def block_storage(self) -> RecordedVolumes:
        """Volumes that are simulated, as the machines are."""
        return RecordedVolumes(self._execute)

    def operating_systems(self) -> None:
        """Nothing is really installed, so everything can be."""
        return

    def create(self, machine: Machine) -> None:
        self._boot(_CREATE, machine)

    def destroy_machine(self, device_id: str) -> None:
        self._stopping.wait(self._power_delay)
        self._execute("DELETE FROM machines WHERE device_id = :id", id=device_id)

    def power(self, device_id: str, on: bool) -> None:
        self._stopping.wait(self._power_delay)
        self._require(device_id)
        power = Power.ON if on else Power.OFF
        self._execute(
            "UPDATE machines SET power = :power WHERE device_id = :id", id=device_id, power=power.value
        )

    def reboot(self, device_id: str) -> None:
        self.power(device_id, True)

    def reinstall(self, machine: Machine) -> None:
        self._boot(_REINSTALL, machine)

    def state(self, device_id: str) -> Power:
        rows = self._execute("SELECT power FROM machines WHERE device_id = :id", id=device_id)
        return Power(rows[0].power) if rows else Power.ABSENT

    def machines(self) -> frozenset[str]:
        with self._prepared() as connection:
            return frozenset(connection.scalars(text("SELECT device_id FROM machines")))

    def route(self, network: str, device_id: str | None) -> None:
        if device_id is None:
            self._execute("DELETE FROM routes WHERE network = :network", network=network)
        else:
            self._execute(
                "INSERT INTO routes VALUES (:network, :id)"
                " ON CONFLICT (network) DO UPDATE SET device_id = excluded.device_id",
                network=network,
                id=device_id,
            )

    def _boot(self, statement: str, machine: Machine) -> None:
        self._execute(
            statement,
            id=machine.id,
            hostname=machine.hostname,
            power=Power.ON.value,
            up_at=time.time() + self._delay,
        )
        self._changed.set()

    def _require(self, device_id: str) -> None:
        if self.state(device_id) is Power.ABSENT:
            raise DriverError(f"device {device_id} has no machine")

    def _execute(self, statement: str, **values: object) -> Sequence[Row[Any]]:
        # In turn, as SQLite makes those who meet wait in naps.
        with self._lock, self._claimants.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else ()

    # The machines' own time

    def _tick(self) -> None:
        """Let the machines phone home when their installation is over."""
        while not self._stopping.is_set():
            self._changed.clear()
            try:
                wait = self._next_call()
            except Exception:
                log.exception("simulated machines cannot phone home; tried again")
                wait = _LONGEST_WAIT
            if wait > 0:
                self._changed.wait(min(wait, _LONGEST_WAIT))

    def _next_call(self) -> float:
        """Have the machine call whose turn it is; returns how many seconds to wait if it is nobody's."""
        waiting = self._execute(
            "SELECT device_id, phone_home_at FROM machines WHERE phone_home_at IS NOT NULL"
            " ORDER BY phone_home_at LIMIT 1"
        )
        wait = waiting[0].phone_home_at - time.time() if waiting else _LONGEST_WAIT
        if wait <= 0:
            device_id, at = waiting[0].device_id, waiting[0].phone_home_at
            self.phone_home(device_id)
            # Unless it was told to boot once more meanwhile.
            done = "UPDATE machines SET phone_home_at = NULL WHERE device_id = :id AND phone_home_at = :at"
            self._execute(done, id=device_id, at=at)
        return float(wait)


def url_of(state: Path, shared: URL | None) -> URL:
    """Where the machines of a state are recorded: in its directory, or in the database it shares."""
    return shared or make_url(f"sqlite:///{state / 'record.sqlite'}")


def _engine(url: URL) -> Engine:
    engine = engines.of(url)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _entry: ConnectionPoolEntry) -> None:
        if engine.dialect.name == "sqlite":
            # Hardware promises nothing about a power cut.
            connection.execute("PRAGMA synchronous=NORMAL")
        else:
            connection.execute(f"SET search_path TO {_POSTGRESQL_SCHEMA}")
            connection.commit()

    return engine


def _load_plan(connection: Connection) -> NetworkPlan | None:
    found = connection.execute(text("SELECT name, network FROM networks"))
    ranges = {row.name: IPv4Network(row.network) for row in found}
    if not ranges:
        return None
    return _plan(ranges["public"], ranges["elastic"], ranges["private"])


def _choose_plan() -> NetworkPlan:
    used = list(host.routed(besides=""))
    try:
        both = choose_free(_PUBLIC.subnets(new_prefix=_PUBLIC_PREFIX), used)
        private = choose_free(_private_candidates(), used)
    except ExhaustedError as error:
        raise DriverError(f"no addresses for simulated devices: {error}") from None
    public, elastic = both.subnets()
    return _plan(public, elastic, private)


def _plan(public: IPv4Network, elastic: IPv4Network, private: IPv4Network) -> NetworkPlan:
    return NetworkPlan(public=public, elastic=elastic, private=private, public6=_PUBLIC6)


def _save_plan(connection: Connection, plan: NetworkPlan) -> NetworkPlan:
    for name, network in (("public", plan.public), ("elastic", plan.elastic), ("private", plan.private)):
        values = {"name": name, "network": str(network)}
        connection.execute(text("INSERT INTO networks VALUES (:name, :network)"), values)
    return plan


def _private_candidates() -> Iterator[IPv4Network]:
    """The last first: the low ones are those that networks of other programs begin with."""
    return reversed(list(_PRIVATE.subnets(new_prefix=_PRIVATE_PREFIX)))
