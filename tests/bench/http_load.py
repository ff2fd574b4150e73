# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads an HTTP server from several connections at once and says how long each answer took.

Made for measuring servers on the same machine: it costs less than 0.1 ms a request, where client
libraries cost more than the servers.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What is sent, as bytes, and the status that must come back."""

    content: bytes
    status: int = 200

    @classmethod
    def make(
        cls, method: str, path: str, headers: dict[str, str], body: bytes = b"", status: int = 200
    ) -> Request:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return cls("\r\n".join(lines).encode() + b"\r\n\r\n" + body, status)


@dataclass(frozen=True)
class Answers:
    """Seconds each answer took, and all of them together."""

    each: tuple[float, ...]
    wall: float

    def percentile(self, share: int) -> float:
        """In milliseconds; ``share`` from 1 to 99."""
        return 1000 * statistics.quantiles(self.each, n=100)[share - 1]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.each) / self.wall


def load(port: int, requests: Iterable[Request], clients: int) -> Answers:
    """Send all of them to 127.0.0.1, ``clients`` at a time; raises RuntimeError on a wrong status."""
    return asyncio.run(_load(port, iter(requests), clients))


async def _load(port: int, requests: Iterator[Request], clients: int) -> Answers:
    each: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(_client(port, requests, each) for _ in range(clients)))
    return Answers(tuple(each), time.perf_counter() - began)


async def _client(port: int, requests: Iterator[Request], each: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    try:
        for request in requests:
            began = time.perf_counter()
            writer.write(request.content)
            answer = await _answer(reader, request.status)
            each.append(time.perf_counter() - began)
            if answer:
                # Some servers close after each answer; connecting again is part of what they cost.
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, status: int) -> bool:
    """Read an answer; whether the server closes the connection after it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    length = headers.get("content-length")
    closes = headers.get("connection") == "close" or " http/1.0" in head[:10]
    body = await reader.readexactly(int(length)) if length else b""
    if int(head.split(" ", 2)[1]) != status:
        raise RuntimeError(f"{head}\n{body[:500].decode()}")
    return closes or head.startswith("http/1.0")
