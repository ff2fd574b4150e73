# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP connections with limits: on how many there are, and on how slow their clients may be.

A connection costs no thread, so a thousand slow clients take nothing from a quick one but memory; the
limits bound that. What uvicorn leaves open for ever, a client that never ends its request or never
takes its answer, ends here. The body's size and time are bounded in limits.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import msgspec
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from packetd.settings import Limits

# All headers together; a URL may hold what some clients send there instead of in the body.
_LARGEST_HEAD = 64 * 1024


class Config(uvicorn.Config):
    """How packetd has uvicorn serve."""

    def __init__(self, app: ASGIApp, limits: Limits, grace: int) -> None:
        """``grace`` is how many seconds calls have to end when the server stops."""
        super().__init__(
            app,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
            timeout_graceful_shutdown=grace,
        )
        self.limits = limits


class Connection(H11Protocol):
    """One client's. Applications cut it by ``scope["state"]["abort"]()``."""

    config: Config

    def __init__(self, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._limits = self.config.limits
        # None while a call is being handled.
        self._waiting_since: float | None = self.loop.time()
        self._arrival: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}
        # So that pause_writing() and resume_writing() tell whether anything is left to be taken.
        transport.set_write_buffer_limits(high=0)
        if len(self.connections) > self._limits.connections:
            self._make_room()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._arrival, self._taking):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(self._limits.request_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()

    def send_400_response(self, msg: str) -> None:
        if len(self.conn.trailing_data[0]) > _LARGEST_HEAD:
            self._refuse(431, f"The headers are larger than {_LARGEST_HEAD} bytes")
        else:
            self._refuse(400, "This is not an HTTP request")

    def _watch(self) -> None:
        """Time the client while it is its turn."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._waiting_since = None
            if self._arrival is not None:
                self._arrival.cancel()
                self._arrival = None
        elif self._arrival is None:
            self._waiting_since = self.loop.time()
            self._arrival = self.loop.call_later(self._limits.request_seconds, self._too_late)

    def _too_late(self) -> None:
        begun = self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]
        if begun and not self.transport.is_closing():
            self._refuse(408, f"The request did not arrive in {self._limits.request_seconds:g} seconds")
        else:
            self.transport.abort()

    def _make_room(self) -> None:
        """End the connection that has waited longest for its client; refuse this one if none waits."""
        waiting = [
            (other._waiting_since, id(other), other)
            for other in self.connections
            if isinstance(other, Connection)
            and other is not self
            and other._waiting_since is not None
            and not other.transport.is_closing()
        ]
        if waiting:
            min(waiting)[2].transport.abort()
        else:
            self._refuse(503, f"All {self._limits.connections} connections are in use; try again later")

    def _refuse(self, status: int, reason: str) -> None:
        """Answer without the application, and close."""
        body = msgspec.json.encode({"errors": [reason]})
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        head = h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status])
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
