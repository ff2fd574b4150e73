# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes, and what is told of them: what each takes and gives is said once, here and in the document.

The first line of a handler's docstring is the summary of its operation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from packetd.api.calls import (
    Arrival,
    Context,
    Handler,
    JointHandler,
    answer,
    answer_together,
    problem,
    respond,
    sender,
)
from packetd.api.errors import UnavailableError
from packetd.api.fields import Field
from packetd.api.waits import NothingYetError

SHAPING = {
    "include": "References to show whole, for example project,assignments.device",
    "exclude": "References to fold to {href}",
}
PAGING = {"page": "Which page, from 1", "per_page": "How many on a page, 1000 at most"}


@dataclass(frozen=True)
class Listing:
    """An answer that is a list of ``item`` (a TypedDict) under ``name``, in pages or whole."""

    name: str
    item: type
    paged: bool = True


@dataclass(frozen=True)
class Operation:
    """What a route does. ``gives`` is a TypedDict or Listing, None for an answer without a body;
    ``asks`` tells the query parameters besides those that every route has. ``together`` handles several
    calls at once."""

    handler: Handler
    status: int
    takes: Collection[Field[Any]] = ()
    gives: type | Listing | None = None
    asks: Mapping[str, str] = field(default_factory=dict)
    together: JointHandler | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """Everything that may be asked in the query, and what it means."""
        parameters = dict(self.asks)
        if self.gives is not None:
            parameters |= SHAPING
        if isinstance(self.gives, Listing) and self.gives.paged:
            parameters |= PAGING
        return parameters

    @property
    def declared(self) -> frozenset[str]:
        """The names of all that the handler may read of what was sent."""
        return frozenset(self.parameters) | {field.name for field in self.takes}


class ApiRoute(Route):
    """A route that knows its operation."""

    def __init__(self, path: str, methods: list[str], operation: Operation) -> None:
        alone = partial(
            answer,
            handler=operation.handler,
            status=operation.status,
            declared=operation.declared,
            writes="GET" not in methods,
        )
        endpoint = _endpoint(alone, operation.status)
        if operation.together is not None:
            together = partial(
                answer_together,
                alone=alone,
                handler=operation.together,
                status=operation.status,
                declared=operation.declared,
            )
            endpoint = _joint_endpoint(alone, together)
        super().__init__(path, endpoint, methods=methods)
        self.operation = operation


def get(
    path: str,
    handler: Handler,
    *,
    gives: type | Listing | None = None,
    asks: Mapping[str, str] | None = None,
) -> ApiRoute:
    """A route that reads."""
    return ApiRoute(path, ["GET"], Operation(handler, 200, gives=gives, asks=asks or {}))


def post(
    path: str,
    handler: Handler,
    *,
    takes: Collection[Field[Any]] = (),
    gives: type | Listing | None = None,
    asks: Mapping[str, str] | None = None,
    status: int = 201,
    together: JointHandler | None = None,
) -> ApiRoute:
    """A route that makes something, or has something done."""
    return ApiRoute(path, ["POST"], Operation(handler, status, takes, gives, asks or {}, together))


def put(
    path: str,
    handler: Handler,
    *,
    takes: Collection[Field[Any]] = (),
    gives: type | Listing | None = None,
    status: int = 200,
) -> ApiRoute:
    """A route that changes; clients are divided over PUT and PATCH."""
    return ApiRoute(path, ["PUT", "PATCH"], Operation(handler, status, takes, gives))


def delete(
    path: str,
    handler: Handler,
    *,
    takes: Collection[Field[Any]] = (),
    gives: type | Listing | None = None,
    status: int = 204,
) -> ApiRoute:
    """A route that removes; what it takes may come in the query or the body."""
    return ApiRoute(path, ["DELETE"], Operation(handler, status, takes, gives))


def _endpoint(alone: Callable[[Request, bytes], Response], status: int) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        context: Context = request.app.state.context
        content = await request.body()

        async def ask() -> Response:
            return await context.turns.run(sender(request), alone, request, content)

        try:
            return await context.waits.run(ask, request.receive)
        except NothingYetError as nothing:
            return respond(status, nothing.page)
        except UnavailableError as error:
            return problem(error)

    return endpoint


def _joint_endpoint(
    alone: Callable[[Request, bytes], Response],
    together: Callable[[Sequence[Arrival]], Sequence[Response | None]],
) -> Callable[[Request], Any]:
    """Calls of one client to one path that come while others are handled are handled together."""

    async def endpoint(request: Request) -> Response:
        context: Context = request.app.state.context
        content = await request.body()
        client = sender(request)
        line = (client, request.scope["packetd.prefix"], request.scope["path"])
        response = await context.turns.run_together(client, line, together, (request, content))
        if response is None:
            return await context.turns.run(client, alone, request, content)
        return response

    return endpoint
