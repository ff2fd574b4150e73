# SPDX-License-Identifier: GPL-3.0-or-later
"""Does to calls of the API what the faults in force want."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from packetd.api.calls import problem
from packetd.api.errors import ApiError
from packetd.api.rate_limit import refusal
from packetd.faults import Faults
from packetd.model.faults import CallFault, Drop, Failure, Latency, RateLimit

_CLAIMED_LIMIT = 100

Abort = Callable[[], None]


class Injection:
    """Stands before the API; costs one look at an attribute while there are no faults."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._faults.concern_calls:
            await self._app(scope, receive, send)
            return
        for fault in self._faults.of_call(scope["method"], scope["path"]):
            if isinstance(fault, Latency):
                await asyncio.sleep(fault.seconds)
            else:
                # One is enough: what would come after it never comes to pass.
                await self._strike(fault, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _strike(self, fault: CallFault, scope: Scope, receive: Receive, send: Send) -> None:
        if isinstance(fault, RateLimit):
            await refusal(fault.status, _CLAIMED_LIMIT, fault.retry_after)(scope, receive, send)
        elif isinstance(fault, Failure):
            if fault.at == "after":
                await self._app(scope, receive, _nowhere)
            told = f"A fault that was asked for: {fault.status} {fault.at} the call was handled"
            await problem(ApiError(fault.status, [told]))(scope, receive, send)
        elif isinstance(fault, Drop):
            if fault.at == "after":
                await self._app(scope, receive, _nowhere)
            elif fault.at == "during":
                await self._app(scope, receive, _half(send))
            await _hang_up(scope, receive)


async def _nowhere(_message: Message) -> None:
    """Where answers go that nobody shall have."""


def _half(send: Send) -> Callable[[Message], Awaitable[None]]:
    """Sends the head of an answer and half of its body; an answer without a body not at all."""
    head: list[Message] = []

    async def send_half(message: Message) -> None:
        if message["type"] == "http.response.start":
            head.append(message)
        elif body := message.get("body", b""):
            await send(head.pop())
            await send({**message, "body": body[: len(body) // 2], "more_body": True})

    return send_half


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """End the connection, as a cable that is pulled; see connections.py."""
    abort: Abort = scope["state"]["abort"]
    abort()
    while (await receive())["type"] != "http.disconnect":
        continue
