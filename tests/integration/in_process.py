# SPDX-License-Identifier: GPL-3.0-or-later
"""packetd in one process with the tests, whose provisioner works when it is told to, and only then."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from packetd import accounts, api
from packetd.api.renderings import Renderings
from packetd.api.turns import Turns
from packetd.drivers import Machine
from packetd.drivers.record import RecordDriver, url_of
from packetd.faults import Faults
from packetd.market import Market
from packetd.membership import Membership
from packetd.model import catalogue
from packetd.provisioner import Provisioner
from packetd.server import make_context
from packetd.settings import Listen, Settings, State
from packetd.store import Store
from packetd.store.placement import Site

# Simulated machines that never call by themselves.
_NEVER = 1e9


def call(app: ASGIApp, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One call of an API that has no socket: the status, and the decoded answer or None."""
    content = b"" if body is None else json.dumps(body).encode()
    return asyncio.run(_call(app, token, method, path, content))


async def _call(app: ASGIApp, token: str, method: str, path: str, content: bytes) -> tuple[int, Any]:
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"x-auth-token", token.encode()), (b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(content) if content else None


class _NoDocuments(dict[Any, Any]):
    """Keeps nothing."""

    def __setitem__(self, _key: Any, _value: Any) -> None:
        return


class _Forgetful(Renderings):
    """Keeps nothing."""

    def keep(self, *_what: Any) -> None:
        return


class InProcess:
    """packetd with simulated machines over a store; closed with close()."""

    def __init__(
        self, directory: Path, store: Store, hinder: Callable[[Machine], None] = lambda _machine: None
    ) -> None:
        state = State(directory)
        settings = Settings(state, "record", api=Listen("127.0.0.1", 0), proxy=Listen("127.0.0.1", 0))
        self.store = store
        self.driver = RecordDriver(url_of(directory, store.url if store.shared else None), delay=_NEVER)
        accounts.prepare(store, state)
        self._token = state.admin_token.read_text().strip()
        self._membership = Membership(store, "tests", lease=60)
        self.provisioner = Provisioner(
            *(store, self.driver, catalogue.load(), self._membership),
            limit=timedelta(hours=1),
            workers=1,
            hinder=hinder,
        )
        self.driver.start()
        self._membership.join()
        faults = Faults(store)
        self.context = make_context(settings, store, self.driver, self.provisioner, faults, Turns())
        self.requests: Counter[str] = Counter()
        self._app = self._counted(api.application(self.context))
        # The same API, which makes everything it shows anew.
        self._fresh = api.application(replace(self.context, renderings=_Forgetful(), fixed=_NoDocuments()))
        site = Site(catalogue.load(), self.driver, faults.exhausted)
        self.market = Market(store, site, self.provisioner.wake)

    def _counted(self, app: ASGIApp) -> ASGIApp:
        """The same, whose requests are counted by their methods."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            self.requests[scope["method"]] += 1
            await app(scope, receive, send)

        return counted

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return call(self._app, self._token, method, path, body)

    def call_at_once(
        self, method: str, path: str, bodies: Sequence[Any], token: str | None = None
    ) -> list[tuple[int, Any]]:
        """The same for as many calls as there are bodies, before any of which is answered all are made."""

        async def calls() -> list[tuple[int, Any]]:
            contents = [json.dumps(body).encode() for body in bodies]
            return await asyncio.gather(
                *(_call(self._app, token or self._token, method, path, content) for content in contents)
            )

        return asyncio.run(calls())

    def make(self, path: str, body: Any) -> Any:
        """POST what must succeed; returns the answer."""
        status, answer = self.call("POST", path, body)
        assert status < 300, answer
        return answer

    def fresh(self, path: str) -> tuple[int, Any]:
        """GET without anything that was kept."""
        return call(self._fresh, self._token, "GET", path)

    def step(self) -> None:
        """Have the provisioner look for work once, and do what it finds."""
        self.provisioner._turn()
        while self.provisioner._busy:
            time.sleep(0.001)

    def close(self) -> None:
        self.provisioner._pool.shutdown()
        self._membership.leave()
        self.driver.stop()
        self.store.close()
