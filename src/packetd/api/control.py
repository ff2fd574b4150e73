# SPDX-License-Identifier: GPL-3.0-or-later
"""packetd's own interface below /_packetd, which is no part of the Packet API: faults.

For the administrator, whose token is in the state directory.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from packetd.api.body import read_json
from packetd.api.calls import Context, problem, respond, sender, sent_token
from packetd.api.errors import ApiError, ForbiddenError, InvalidError, NotFoundError
from packetd.api.views import Document
from packetd.faults import ArmedFault
from packetd.model.faults import FaultError, settings
from packetd.model.moments import moment
from packetd.model.tokens import digest_of
from packetd.store.tables import Token

Handler = Callable[[Context, Request, bytes], tuple[int, Document | None]]


def _endpoint(handler: Handler) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        context: Context = request.app.state.context
        content = await request.body()
        return await context.turns.run(sender(request), _answer, context, request, content, handler)

    return endpoint


def _answer(context: Context, request: Request, content: bytes, handler: Handler) -> Response:
    try:
        _authenticate(context, request)
        return respond(*handler(context, request, content))
    except ApiError as error:
        return problem(error)


def _authenticate(context: Context, request: Request) -> None:
    digest = digest_of(sent_token(request))
    with context.store.read() as session:
        known = session.scalar(select(Token.id).where(Token.digest == digest)) is not None
    if not known:
        raise ApiError(401, ["Invalid authentication token"])
    if not hmac.compare_digest(digest, context.administrator):
        raise ForbiddenError("Only the token in the server's admin.token may do this")


def _show(armed: ArmedFault) -> Document:
    return {
        "id": armed.id,
        "effect": armed.fault.__struct_config__.tag,
        **settings(armed.fault),
        "fired": armed.fired,
        "created_at": moment(armed.created_at),
    }


def _list(context: Context, _request: Request, _content: bytes) -> tuple[int, Document]:
    return 200, {"faults": [_show(armed) for armed in context.faults.all()]}


def _add(context: Context, _request: Request, content: bytes) -> tuple[int, Document]:
    try:
        values = read_json(content)
    except ValueError as error:
        raise InvalidError(f"The body {error}") from None
    if not isinstance(values, dict):
        raise InvalidError("The body must be a JSON object")
    try:
        return 201, _show(context.faults.add(values))
    except FaultError as error:
        raise InvalidError(str(error)) from None


def _clear(context: Context, request: Request, _content: bytes) -> tuple[int, None]:
    wanted = request.path_params.get("id")
    if not context.faults.clear(wanted) and wanted is not None:
        raise NotFoundError
    return 204, None


routes = [
    Route("/_packetd/faults", _endpoint(_list), methods=["GET"]),
    Route("/_packetd/faults", _endpoint(_add), methods=["POST"]),
    Route("/_packetd/faults", _endpoint(_clear), methods=["DELETE"]),
    Route("/_packetd/faults/{id}", _endpoint(_clear), methods=["DELETE"]),
]
