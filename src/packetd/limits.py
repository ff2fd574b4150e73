# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits on what clients send: a body is here, whole, in time and of a decent size, before it is read."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from packetd.api.calls import respond
from packetd.settings import Limits

# How many of the largest bodies may be in memory at the same time.
_LARGEST_AT_ONCE = 16


class _DisconnectedError(Exception):
    """The client is gone: nobody waits for an answer."""


class BodyLimits:
    """Receives bodies for an application, which then never waits for a client."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if "content-length" not in headers and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.request_seconds):
                refusal = await self._receive(headers, receive, body)
            if refusal is None:
                await self._app(scope, _again(bytes(body), receive), send)
                return
        except TimeoutError:
            refusal = _refusal(408, f"The body did not arrive in {self._limits.request_seconds:g} seconds")
        except _DisconnectedError:
            return
        finally:
            self._held -= len(body)
        await refusal(scope, receive, send)

    async def _receive(self, headers: Headers, receive: Receive, body: bytearray) -> Response | None:
        """Collect the body; returns the answer to one that is refused.

        What is too large is taken to its end, and dropped: most clients read no answer before they have
        sent all. One that asks first is told at once.
        """
        largest = self._limits.request_bytes
        refusal = None
        if int(headers.get("content-length", 0)) > largest:
            refusal = _refusal(413, f"The body is larger than {largest} bytes")
            if "expect" in headers:
                return refusal
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _DisconnectedError
            chunk, more = message.get("body", b""), message.get("more_body", False)
            if refusal is not None:
                continue
            if len(body) + len(chunk) > largest:
                refusal = _refusal(413, f"The body is larger than {largest} bytes")
            elif self._held + len(chunk) > _LARGEST_AT_ONCE * largest:
                refusal = _refusal(503, "Too much is being sent at the same time; try again later")
            else:
                body += chunk
                self._held += len(chunk)
        return refusal


def _refusal(status: int, reason: str) -> Response:
    answer = respond(status, {"errors": [reason]})
    answer.headers["Connection"] = "close"
    return answer


def _again(body: bytes, receive: Receive) -> Receive:
    """A receive() that gives the body first, and then what follows it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
