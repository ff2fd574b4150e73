# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the API, and how it comes to its handler: who calls, what was sent, in one transaction.

A handler is a plain function from a Call to a document (or Answer). What it writes is stored when it
returns, and only then answered; what it raises leaves no trace.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from packetd.api.body import Body
from packetd.api.errors import ApiError, ForbiddenError, NotFoundError
from packetd.api.views import Document, parse_names, shape
from packetd.drivers import Driver
from packetd.model.catalogue import Catalogue
from packetd.model.tokens import digest_of
from packetd.store import Store
from packetd.store.tables import Table, Token, User

log = logging.getLogger(__name__)

# Query parameters that shape the answer, and so are no fields of a body sent as a query.
_SHAPING = frozenset({"include", "exclude", "page", "per_page"})


@dataclass(frozen=True)
class Context:
    """What all calls share. ``wake`` tells the provisioner that there may be work."""

    store: Store
    catalogue: Catalogue
    driver: Driver
    wake: Callable[[], None]


@dataclass(frozen=True)
class Answer:
    """A document with a status other than 200; None is an answer without a body."""

    status: int
    document: Document | None = None


Row = TypeVar("Row", bound=Table)


@dataclass
class Call:
    """A request of a known user, inside a transaction.

    ``prefix`` is how the client reached the API ("" or "/metal/v1"): resources are referred to with it.
    """

    context: Context
    session: Session
    user: User
    prefix: str
    url: str
    path: Mapping[str, str]
    query: QueryParams
    body: Body
    client: str | None

    @property
    def id(self) -> str:
        return self.path["id"]

    @cached_property
    def installable(self) -> frozenset[str] | None:
        """Slugs of the systems that the driver can install, None for all; asked once a call."""
        return self.context.driver.operating_systems()

    def href(self, path: str) -> str:
        """How this client refers to "/devices/..."."""
        return self.prefix + path

    def get(self, table: type[Row], identifier: str | None = None) -> Row:
        """The row of this id (by default the one in the path); raises NotFoundError."""
        return self.found(self.session.get(table, identifier or self.path["id"]))

    def found(self, row: Row | None) -> Row:
        """The row itself; raises NotFoundError when there is none."""
        if row is None:
            raise NotFoundError
        return row

    def show(self, document: Document) -> Document:
        """The document with links expanded and folded as the client wishes."""
        return shape(
            document,
            parse_names(self.query.get("include", "")),
            parse_names(self.query.get("exclude", "")),
        )

    def show_all(self, name: str, documents: Sequence[Document]) -> Document:
        """The documents as a list of this name."""
        return {name: [self.show(document) for document in documents]}


Handler = Callable[[Call], Document | Answer]


def get(path: str, handler: Handler) -> Route:
    """A route that reads."""
    return Route(path, _endpoint(handler, writes=False), methods=["GET"])


def post(path: str, handler: Handler) -> Route:
    return Route(path, _endpoint(handler, writes=True), methods=["POST"])


def put(path: str, handler: Handler) -> Route:
    """A route that changes; clients are divided over PUT and PATCH."""
    return Route(path, _endpoint(handler, writes=True), methods=["PUT", "PATCH"])


def delete(path: str, handler: Handler) -> Route:
    return Route(path, _endpoint(handler, writes=True), methods=["DELETE"])


def respond(status: int, document: Document | None) -> Response:
    """JSON, or no body at all."""
    if document is None:
        return Response(status_code=status)
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def problem(error: ApiError) -> Response:
    if error.status == 401:
        return respond(401, {"error": error.errors[0], "errors": error.errors})
    return respond(error.status, {"errors": error.errors})


def _endpoint(handler: Handler, *, writes: bool) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        content = await request.body()
        return await run_in_threadpool(_answer, request, content, handler, writes)

    return endpoint


def _answer(request: Request, content: bytes, handler: Handler, writes: bool) -> Response:
    context: Context = request.app.state.context
    try:
        transaction: AbstractContextManager[Session] = (
            context.store.write() if writes else context.store.read()
        )
        with transaction as session:
            answer = handler(_call(context, session, request, content, writes))
    except ApiError as error:
        return problem(error)
    if writes:
        context.wake()
    if isinstance(answer, Answer):
        return respond(answer.status, answer.document)
    return respond(200, answer)


def _call(context: Context, session: Session, request: Request, content: bytes, writes: bool) -> Call:
    return Call(
        context=context,
        session=session,
        user=_authenticate(session, request, writes),
        prefix=request.scope["packetd.prefix"],
        url=request.url.path,
        path=request.path_params,
        query=request.query_params,
        body=_body(content, request.query_params),
        client=request.client.host if request.client else None,
    )


def _authenticate(session: Session, request: Request, writes: bool) -> User:
    token = request.headers.get("x-auth-token")
    if token is None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token if scheme.lower() == "bearer" else ""
    found = session.execute(
        select(Token, User).join(User, User.id == Token.user_id).where(Token.digest == digest_of(token))
    ).first()
    if found is None:
        raise ApiError(401, ["Invalid authentication token"])
    if writes and found[0].read_only:
        raise ForbiddenError("This API token is read-only")
    user: User = found[1]
    return user


def _body(content: bytes, query: QueryParams) -> Body:
    """The JSON sent, or the query where none was: an old client library writes that way."""
    if not content.strip():
        return Body({name: value for name, value in query.items() if name not in _SHAPING})
    try:
        values = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise ApiError(400, [f"The body is not valid JSON: {error}"]) from None
    if not isinstance(values, dict):
        raise ApiError(400, ["The body must be a JSON object"])
    return Body(values)
