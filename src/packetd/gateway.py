# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy for clients that know only https://api.packet.net or https://api.equinix.com.

With HTTPS_PROXY they ask it to CONNECT there; it answers with a certificate of its own and passes what
comes to the API of this server. It connects to nothing else, so nothing leaves the host through it.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import MutableMapping
from contextlib import suppress
from http import HTTPStatus

from packetd.certificates import HOSTS
from packetd.settings import Limits

log = logging.getLogger(__name__)

# For CONNECT and the TLS handshake together.
_ARRIVAL_SECONDS = 10.0
_CHUNK = 64 * 1024
_GONE = (ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError)


class Gateway:
    """Handles the proxy's connections; ``api`` is where the API listens.

    ``origins`` tells, while a connection lasts, which client is behind the address that the API sees.
    A connection that is idle ends when the API ends it.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        api: tuple[str, int],
        origins: MutableMapping[tuple[str, int], str],
        limits: Limits,
    ) -> None:
        self._context = context
        self._api = api
        self._origins = origins
        self._limits = limits
        self._open = 0
        # In order of their arrival.
        self._arriving: dict[asyncio.StreamWriter, None] = {}

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for asyncio.start_server."""
        self._open += 1
        try:
            self._make_room()
            self._arriving[writer] = None
            async with asyncio.timeout(_ARRIVAL_SECONDS):
                accepted = await self._accept(reader, writer)
            self._arriving.pop(writer, None)
            if accepted:
                await self._pass_on(reader, writer)
        except _GONE as error:
            log.debug("a connection to the proxy ended: %s", error)
            # What it did not take by now it never will.
            writer.transport.abort()
        finally:
            self._open -= 1
            self._arriving.pop(writer, None)
            writer.close()
            with suppress(*_GONE):
                await writer.wait_closed()

    def _make_room(self) -> None:
        """End the connection that has been arriving for longest; raises ConnectionError if none is."""
        if self._open <= self._limits.connections:
            return
        if not self._arriving:
            raise ConnectionError(f"all {self._limits.connections} connections of the proxy are in use")
        oldest = next(iter(self._arriving))
        del self._arriving[oldest]
        oldest.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.decode("latin-1").partition(" ")
        target = rest.partition(" ")[0]
        host, _, port = target.rpartition(":")
        if method != "CONNECT" or host.lower() not in HOSTS or port != "443":
            await _refuse(
                writer, f"Only {', '.join(HOSTS)} can be reached here, on port 443, not {target!r}."
            )
            return False
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await writer.start_tls(self._context)
        return True

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._api)
        ours: tuple[str, int] = upstream_writer.get_extra_info("sockname")[:2]
        self._origins[ours] = writer.get_extra_info("peername")[0]
        try:
            await asyncio.gather(self._pump(reader, upstream_writer), self._pump(upstream_reader, writer))
        finally:
            upstream_writer.close()
            del self._origins[ours]

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(_CHUNK):
                sink.write(chunk)
                async with asyncio.timeout(self._limits.request_seconds):
                    await sink.drain()
        finally:
            # TLS cannot be closed by halves: when one side is done, so is the other.
            sink.close()


async def _refuse(writer: asyncio.StreamWriter, reason: str) -> None:
    body = (reason + "\n").encode()
    status = HTTPStatus.FORBIDDEN
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
