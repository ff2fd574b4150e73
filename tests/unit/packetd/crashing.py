# SPDX-License-Identifier: GPL-3.0-or-later
"""packetd in one process with the tests, which can die at every point where something becomes true."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from in_process import call
from sqlalchemy.orm import Session

from packetd import accounts, api
from packetd.api.turns import Turns
from packetd.drivers import Machine
from packetd.drivers.record import RecordDriver, url_of
from packetd.faults import Faults
from packetd.membership import Membership
from packetd.model import catalogue
from packetd.model.lifecycle import BackOff
from packetd.provisioner import Provisioner
from packetd.server import make_context
from packetd.settings import Listen, Settings, State
from packetd.store import Store


class CrashError(Exception):
    """The process is dead: nothing it does has an effect any more."""


class Fuse:
    """Burns down with everything that is stored and everything that hardware is told."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._lock = threading.Lock()
        self.dead = False

    def light(self, steps: int) -> None:
        """Die at the ``steps``-th point from now."""
        with self._lock:
            self._left = steps

    def step(self) -> None:
        """Such a point; raises CrashError if this is the one, and ever after."""
        with self._lock:
            if self._left is not None:
                self._left -= 1
                self.dead = self.dead or self._left <= 0
        self.check()

    def check(self) -> None:
        if self.dead:
            raise CrashError


class CrashingStore(Store):
    """Dies before a commit, or after it: when all is stored, and nobody will hear of it."""

    def __init__(self, path: Path, fuse: Fuse) -> None:
        super().__init__(f"sqlite:///{path}")
        self._fuse = fuse

    @contextmanager
    def read(self) -> Iterator[Session]:
        self._fuse.check()
        with super().read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        self._fuse.check()
        with super().write() as session:
            yield session
            self._fuse.step()
        self._fuse.step()


class CrashingDriver(RecordDriver):
    """Dies before hardware has heard, or after it has done what it was told."""

    def __init__(self, state: Path, fuse: Fuse) -> None:
        super().__init__(url_of(state, None))
        self._fuse = fuse

    @contextmanager
    def _point(self) -> Iterator[None]:
        self._fuse.step()
        yield
        self._fuse.step()

    def create(self, machine: Machine) -> None:
        with self._point():
            super().create(machine)

    def destroy_machine(self, device_id: str) -> None:
        with self._point():
            super().destroy_machine(device_id)

    def power(self, device_id: str, on: bool) -> None:
        with self._point():
            super().power(device_id, on)

    def reinstall(self, machine: Machine) -> None:
        with self._point():
            super().reinstall(machine)

    def route(self, network: str, device_id: str | None) -> None:
        with self._point():
            super().route(network, device_id)

    def _execute(self, statement: str, **values: object) -> Any:
        # The clock of the machines goes on, but nobody is there to note that they called.
        self._fuse.check()
        return super()._execute(statement, **values)

    def routes(self) -> dict[str, str]:
        """What hardware routes where."""
        return {row.network: row.device_id for row in self._execute("SELECT network, device_id FROM routes")}


class Process:
    """One life of packetd over a state directory, from its start to stop() or to a crash."""

    def __init__(self, directory: Path) -> None:
        state = State(directory)
        settings = Settings(state, "record", api=Listen("127.0.0.1", 0), proxy=Listen("127.0.0.1", 0))
        self.fuse = Fuse()
        self.store = CrashingStore(state.database, self.fuse)
        self.driver = CrashingDriver(directory, self.fuse)
        accounts.prepare(self.store, state)
        self._token = state.admin_token.read_text().strip()
        self.faults = Faults(self.store)
        self.provisioner = Provisioner(
            self.store,
            self.driver,
            catalogue.load(),
            Membership(self.store, "tests", lease=10),
            limit=timedelta(minutes=1),
            workers=4,
            back_off=BackOff(timedelta(milliseconds=5), timedelta(milliseconds=50)),
        )
        self.driver.phone_home = self.provisioner.phone_home
        self.driver.start()
        context = make_context(settings, self.store, self.driver, self.provisioner, self.faults, Turns())
        self._app = api.application(context)
        self.provisioner.start()

    @property
    def network(self) -> IPv4Network:
        return self.driver.network.elastic

    def stop(self) -> None:
        """End it; what a dead one would still have to say to the database is lost, as it would be."""
        with contextlib.suppress(CrashError):
            self.provisioner.stop()
        self.driver.stop()
        self.store.close()

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One call of the API; raises CrashError when it died before the answer."""
        answer = call(self._app, self._token, method, path, body)
        self.fuse.check()
        return answer
