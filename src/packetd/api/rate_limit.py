# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests a user may send; and how a user is told of it.

Packet's own numbers are not known, so there is no limit unless packetd is started with one. The headers
are those that packngo reads.
"""

from __future__ import annotations

import math
import time
from collections import Counter

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from packetd.api.calls import respond, sender

_WINDOW = 60


def refusal(status: int, limit: int, wait: int) -> Response:
    """The answer to one request too many; ``wait`` is in seconds."""
    errors = [f"Rate limit of {limit} requests exceeded; try again in {wait} seconds"]
    answer = respond(status, {"errors": errors})
    tell(answer.headers, limit, 0, math.ceil(time.time()) + wait)
    if status == 429:
        answer.headers["Retry-After"] = str(wait)
    return answer


def tell(headers: MutableHeaders, limit: int, remaining: int, reset: int) -> None:
    """Add the headers; ``reset`` is a time in epoch seconds."""
    headers["X-RateLimit-Limit"] = str(limit)
    headers["X-RateLimit-Remaining"] = str(remaining)
    headers["X-RateLimit-Reset"] = str(reset)


class RateLimit:
    """Lets ``limit`` requests of each token through in a minute of the clock."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._window = 0
        self._seen: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        window = int(time.time()) // _WINDOW
        if window != self._window:
            self._window = window
            self._seen.clear()
        who = sender(HTTPConnection(scope))
        self._seen[who] += 1
        reset = (window + 1) * _WINDOW
        left = self._limit - self._seen[who]
        if left < 0:
            answer = refusal(429, self._limit, max(1, reset - int(time.time())))
            await answer(scope, receive, send)
            return

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                tell(MutableHeaders(scope=message), self._limit, left, reset)
            await send(message)

        await self._app(scope, receive, send_told)
