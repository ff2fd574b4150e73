# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP connections with limits: on how many there are, and on how slow their clients may be.

A connection costs no thread, so a thousand slow clients take nothing from a quick one but memory; the
limits bound that. What uvicorn leaves open for ever, a client that never ends its request or never
takes its answer, ends here. The body's size and time are bounded in limits.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from packetd.settings import Limits

# The URL and all headers together; a URL may hold what some clients send there instead of in the body.
_LARGEST_HEAD = 64 * 1024
# What surrounds a header on its line: a colon, a space, and the line's end.
_AROUND_HEADER = 4


class _RefusedError(Exception):
    """What a client sends is not parsed any further."""


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
            timeout_graceful_shutdown=grace,
        )
        self.limits = limits


class Connection(HttpToolsProtocol):
    """One client's. Applications cut it by ``scope["state"]["abort"]()``."""

    config: Config

    def __init__(self, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._limits = self.config.limits
        # Whether the head of a request is arriving.
        self._in_head = False
        # How many bytes came since the last of which something could be made.
        self._pending = 0
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
        self._pending += len(data)
        super().data_received(data)
        if self._pending > _LARGEST_HEAD and not self.transport.is_closing():
            self._refuse_head()
        self._watch()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        # Those after a chunked body are nobody's: the call is being handled already.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._pending = False, 0
        headers = sum(len(name) + len(value) + _AROUND_HEADER for name, value in self.headers)
        if len(self.url) + headers > _LARGEST_HEAD:
            self._refuse_head()
            raise _RefusedError
        hosts = sum(name == b"host" for name, _ in self.headers)
        # RFC 9112, 3.2: which site is meant must be clear, and only HTTP/1.0 may leave it out.
        if hosts > 1 or (not hosts and self.parser.get_http_version() != "1.0"):
            raise _RefusedError
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        self._pending = 0

    def on_body(self, body: bytes) -> None:
        self._pending = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._pending = 0
        super().on_message_complete()

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
        if not self.transport.is_closing():
            self._refuse(400, "This is not an HTTP request")

    def _unsupported_upgrade_warning(self) -> None:
        """The request is answered; whether what follows it is HTTP cannot be known."""
        self.cycle.keep_alive = False

    @property
    def _is_handling(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        """Time the client while it is its turn."""
        if self._is_handling:
            self._waiting_since = None
            if self._arrival is not None:
                self._arrival.cancel()
                self._arrival = None
        elif self._arrival is None:
            self._waiting_since = self.loop.time()
            self._arrival = self.loop.call_later(self._limits.request_seconds, self._too_late)

    def _too_late(self) -> None:
        if self._in_head and not self.transport.is_closing():
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

    def _refuse_head(self) -> None:
        self._refuse(431, f"The headers are larger than {_LARGEST_HEAD} bytes")

    def _refuse(self, status: int, reason: str) -> None:
        """Answer without the application, and close; a whole request that came before is answered first."""
        if self._is_handling and not self.cycle.more_body:
            self.cycle.keep_alive = False
            return
        body = msgspec.json.encode({"errors": [reason]})
        kind = b"content-type: application/json\r\n"
        rest = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + kind + rest + body)
        self.transport.close()
