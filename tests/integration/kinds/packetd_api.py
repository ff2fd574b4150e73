# SPDX-License-Identifier: GPL-3.0-or-later
"""packetd itself behind the one method through which all of the collection's requests go.

It runs in the process of the test, with simulated machines, and is made once: a test has its own project.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ansible_collections.packet.kubernetes.plugins.module_utils._packet.client import Client
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import failed
from in_process import InProcess
from sqlalchemy import delete, select

from packetd.store import Store, open_sqlite
from packetd.store.tables import Device, Table

MEMORY = Path("/dev/shm")

# What the server writes by itself.
_ITS_OWN = {"servers"}


class Packetd(Client):
    """A client that is its own server."""

    def __init__(self) -> None:
        # Nothing has to outlive the test, so nothing waits for a disk.
        folder = tempfile.TemporaryDirectory(prefix="packetd-", dir=MEMORY if MEMORY.is_dir() else None)
        directory = Path(folder.name)
        self._site = InProcess(directory, open_sqlite(directory / "packetd.sqlite"))
        self.writes: list[str] = []
        self.before_write: Callable[[], None] = lambda: None
        self.before_answer: Callable[[], None] = lambda: None
        # A call has an event loop of its own, which what the server shares among calls does not expect.
        self._one_at_a_time = threading.Lock()
        atexit.register(folder.cleanup)
        atexit.register(self._site.close)

    def call_api(self, method: str, type: str = "GET", params: Any = None) -> Any:  # noqa: A002 as in Manager
        path, body = f"/{method}", params
        if type == "GET":
            path, body = path + (f"?{urlencode(params)}" if params else ""), None
        else:
            self.before_write()
            self.writes.append(f"{type} {method}")
        # As a client sends it, so that nothing is shared.
        with self._one_at_a_time:
            status, answer = self._site.call(type, path, json.loads(json.dumps(body)))
        if status >= 400:
            raise failed(f"{type} {method}", status, answer, "the test")
        if type != "GET":
            self.before_answer()
        return answer

    def written(self) -> int:
        """How many requests packetd has had that may change something."""
        return sum(count for method, count in self._site.requests.items() if method != "GET")

    @property
    def store(self) -> Store:
        """What packetd stores."""
        return self._site.store

    def go_on(self) -> None:
        """Have the machines do what is asked of them, and start."""
        with self._one_at_a_time:
            self._site.step()
            with self._site.store.read() as session:
                started = session.scalars(
                    select(Device.id).where(Device.goal.is_not(None), Device.installed_at.is_not(None))
                ).all()
            for id_ in started:
                self._site.provisioner.phone_home(id_)

    def add(self, path: str, **body: Any) -> dict[str, Any]:
        """Makes something that the test only needs, and waits for it."""
        made: dict[str, Any] = self._site.make(f"/{path}", body)
        self.go_on()
        self.go_on()
        return made

    def forget_devices(self, project_id: str) -> None:
        """Frees the hardware that the devices of a project have."""
        with self._one_at_a_time, self._site.store.write() as session:
            session.execute(delete(Device).where(Device.project_id == project_id))

    def digest(self) -> str:
        """Of all that is stored."""
        tables = [table for table in Table.metadata.sorted_tables if table.name not in _ITS_OWN]
        digest = hashlib.sha256()
        with self._site.store.read() as session:
            for table in tables:
                digest.update(repr(session.execute(select(table)).all()).encode())
        return digest.hexdigest()


@cache
def packetd() -> Packetd:
    """The one of this process."""
    return Packetd()
