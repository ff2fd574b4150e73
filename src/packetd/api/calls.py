# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the API, and how it comes to its handler: who calls, what was sent, in one transaction.

A handler is a plain function from a Call to a document, or to None for an answer without a body. What
it writes is stored when it returns, and only then answered; what it raises leaves no trace.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, bindparam, select
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from packetd.api.access import Access, row_by_id
from packetd.api.body import Body, read_json
from packetd.api.errors import ApiError, ForbiddenError, InvalidError, NoDatabaseError, NotFoundError
from packetd.api.fields import Field
from packetd.api.renderings import Renderings
from packetd.api.sent import Query
from packetd.api.turns import Turns
from packetd.api.views import Document, FixedDocuments, Shaper
from packetd.api.waits import Waits
from packetd.drivers import Driver
from packetd.faults import Faults
from packetd.model.catalogue import Catalogue
from packetd.model.roles import Right
from packetd.model.tokens import digest_of
from packetd.store import Store
from packetd.store.events import Subject, tell
from packetd.store.tables import Table, Token, User

log = logging.getLogger(__name__)

# Query parameters that shape the answer, and so are no fields of a body sent as a query.
_SHAPING = frozenset({"include", "exclude", "page", "per_page"})


@dataclass(frozen=True)
class Context:
    """What all calls share.

    ``wake`` tells the provisioner that there may be work; ``administrator`` is the digest of their token;
    ``address_quota`` is how many elastic addresses a project may hold, ``device_quota`` how many devices,
    None for any number; ``userdata_limit`` is in bytes. ``fixed`` keeps documents that never change.
    """

    store: Store
    catalogue: Catalogue
    driver: Driver
    wake: Callable[[], None]
    faults: Faults
    administrator: str
    turns: Turns
    waits: Waits
    renderings: Renderings
    address_quota: int
    device_quota: int | None
    userdata_limit: int
    fixed: FixedDocuments = dataclasses.field(default_factory=dict)


Row = TypeVar("Row", bound=Table)
Rows = dict[tuple[type[Table], str, Right], Any]


@dataclass
class Call:
    """A request of a known user, inside a transaction.

    ``user`` is who made the token; what the token reaches is up to ``access``. ``prefix`` is how the
    client reached the API ("" or "/metal/v1"): resources are referred to with it.
    """

    context: Context
    session: Session
    user: User
    access: Access
    writes: bool
    prefix: str
    url: str
    path: Mapping[str, str]
    query: Query
    body: Body
    declared: frozenset[str]
    client: str | None
    # What was found: long lists, and calls that are handled together, refer to the same few rows.
    rows: Rows = dataclasses.field(default_factory=dict)

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

    def visible(self, table: type[Row], right: Right | None = None) -> Select[Row]:
        """The rows of a table on which the caller has a right: unless said otherwise, to see them, or to
        write in a call that writes."""
        return select(table).where(self.access.to(table, right or self._right))

    @property
    def _right(self) -> Right:
        return Right.WRITE if self.writes else Right.READ

    def get(self, table: type[Row], identifier: str | None = None, right: Right | None = None) -> Row:
        """The row of this id (by default the one in the path), for a right as with ``visible``.

        Raises NotFoundError where the caller may not even see it, else ForbiddenError."""
        id_ = identifier or self.path["id"]
        right = right or self._right
        known: Row | None = self.rows.get((table, id_, right))
        if known is None:
            known = self.rows[table, id_, right] = self._find(table, id_, right)
        return known

    def get_columns(self, table: type[Table], *columns: InstrumentedAttribute[Any]) -> Any:
        """Only these of the row in the path, where all of it is not needed; raises NotFoundError."""
        statement = row_by_id(table, Right.READ, of_project=self.access.project_id is not None, only=columns)
        found = self.session.execute(statement, {**self._caller, "id": self.path["id"]}).first()
        if found is None:
            raise NotFoundError
        return found

    @property
    def _caller(self) -> dict[str, Any]:
        return {"user_id": self.access.user_id, "project_id": self.access.project_id}

    def _find(self, table: Any, id_: str, right: Right) -> Any:
        statement = row_by_id(table, right, of_project=self.access.project_id is not None)
        found = self.session.scalars(statement, {**self._caller, "id": id_}).first()
        if found is None and right is not Right.READ and self._find(table, id_, Right.READ):
            raise ForbiddenError(f"You are not allowed to {right} this {table.__name__.lower()}")
        return self.found(found)

    def found(self, row: Row | None) -> Row:
        """The row itself; raises NotFoundError when there is none."""
        if row is None:
            raise NotFoundError
        return row

    def person(self) -> User:
        """The user who calls; raises ForbiddenError for a token of a project, which is nobody."""
        if self.access.project_id is not None:
            raise ForbiddenError("This API token belongs to a project: only a user's token can do this")
        return self.user

    def is_person(self, user: User) -> bool:
        """Whether this is the user who calls."""
        return self.access.project_id is None and user.id == self.user.id

    @cached_property
    def arguments(self) -> Body:
        """What came in the query and in the body: clients of DELETE and of actions are divided."""
        return Body({**dict(self.query.items()), **self.body.values}, self.declared)

    def change(self, row: Table, fields: Mapping[str, Field[Any]]) -> None:
        """Set the attributes whose fields were sent, and store them; raises InvalidError."""
        for attribute, field in fields.items():
            if field.given(self.body):
                setattr(row, attribute, field.read(self.body))
        self.body.check()
        self.session.flush()

    def tell(self, of: Subject, type_: str, body: str) -> None:
        """Add what the caller did to the history of a thing."""
        tell(self.session, of, type_, body, by=self.user, ip=self.client)

    @property
    def is_shaped(self) -> bool:
        """Whether the client wants links expanded or folded otherwise than is usual."""
        return bool(self.query.get("include") or self.query.get("exclude"))

    def show(self, document: Mapping[str, Any]) -> Document:
        """The document with links expanded and folded as the client wishes."""
        return self._shaper.shape(document)

    @cached_property
    def _shaper(self) -> Shaper:
        return Shaper(self.query.get("include", ""), self.query.get("exclude", ""), self.context.fixed)

    def show_all(self, name: str, documents: Sequence[Mapping[str, Any]]) -> Document:
        """The documents as a list of this name."""
        return {name: self.shown(documents)}

    def shown(self, documents: Sequence[Mapping[str, Any]]) -> list[Document]:
        """Each document with links expanded and folded as the client wishes."""
        return [self.show(document) for document in documents]


Handler = Callable[[Call], Mapping[str, Any] | None]
# The same for calls of one token to one path, at once; what it raises of one is of all.
JointHandler = Callable[[Sequence[Call]], Sequence[Mapping[str, Any]]]
# A request and its body.
Arrival = tuple[Request, bytes]


def respond(status: int, document: Mapping[str, Any] | None) -> Response:
    """JSON, or no body at all."""
    if document is None:
        return Response(status_code=status)
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def problem(error: ApiError) -> Response:
    if error.status == 401:
        return respond(401, {"error": error.errors[0], "errors": error.errors})
    return respond(error.status, {"errors": error.errors})


def answer(
    request: Request, content: bytes, handler: Handler, status: int, declared: frozenset[str], *, writes: bool
) -> Response:
    """Have a call handled, which may read what is ``declared``; ``status`` is that of a yes."""
    digest = digest_of(sent_token(request))
    try:
        return respond(status, handle(request, digest, content, handler, declared, writes=writes))
    except ApiError as error:
        return problem(error)


def handle(
    request: Request,
    digest: str,
    content: bytes,
    handler: Handler,
    declared: frozenset[str],
    *,
    writes: bool,
) -> Mapping[str, Any] | None:
    """What a handler gives to the one whose token has this digest; raises ApiError."""
    context: Context = request.app.state.context
    with _transaction(context, request, writes=writes) as session:
        token, user = _authenticate(session, digest, writes=writes)
        document = handler(
            _call(context, session, token, user, request, content, declared, {}, writes=writes)
        )
    if writes:
        context.wake()
    return document


def answer_together(
    arrivals: Sequence[Arrival],
    *,
    alone: Callable[[Request, bytes], Response],
    handler: JointHandler,
    status: int,
    declared: frozenset[str],
) -> Sequence[Response | None]:
    """Have calls of one token to one path handled in one transaction.

    Where one of them is refused nothing is stored, and None says of each that ``alone`` has to answer it."""
    if len(arrivals) == 1:
        return [alone(*arrivals[0])]
    first, _ = arrivals[0]
    context: Context = first.app.state.context
    try:
        with _transaction(context, first, writes=True) as session:
            token, user = _authenticate(session, digest_of(sent_token(first)), writes=True)
            rows: Rows = {}
            calls = [
                _call(context, session, token, user, request, content, declared, rows, writes=True)
                for request, content in arrivals
            ]
            documents = handler(calls)
    except NoDatabaseError as error:
        # It may have stored all of it: nobody knows, and nothing may be done twice.
        return [problem(error) for _ in arrivals]
    except ApiError:
        return [None for _ in arrivals]
    context.wake()
    return [respond(status, document) for document in documents]


@contextmanager
def _transaction(context: Context, request: Request, *, writes: bool) -> Iterator[Session]:
    """What calls are handled in; raises ApiError for what the database refuses."""
    try:
        with context.store.write() if writes else context.store.read() as session:
            yield session
    except DataError as error:
        # Each field is checked at the edge; what a database refuses beyond that is the sender's too.
        raise InvalidError(f"A value that was sent cannot be stored: {error.orig}") from error
    except (OperationalError, PoolTimeoutError) as error:
        log.error("%s %s: the database does not answer: %s", request.method, request.url.path, error)
        raise NoDatabaseError from error


def _call(
    context: Context,
    session: Session,
    token: Token,
    user: User,
    request: Request,
    content: bytes,
    declared: frozenset[str],
    rows: Rows,
    *,
    writes: bool,
) -> Call:
    return Call(
        context=context,
        session=session,
        user=user,
        access=Access(user.id, token.project_id),
        writes=writes,
        prefix=request.scope["packetd.prefix"],
        url=request.url.path,
        path=request.path_params,
        query=Query(request.query_params, declared),
        # Some clients send one with GET, where it has no meaning (RFC 9110, 9.3.1).
        body=_body(b"" if request.method == "GET" else content, request.query_params, declared),
        declared=declared,
        client=request.client.host if request.client else None,
        rows=rows,
    )


def sender(request: HTTPConnection) -> str:
    """Who sends a request: the digest of a token, or without one an address."""
    token = sent_token(request)
    return digest_of(token) if token else request.client.host if request.client else ""


def sent_token(request: HTTPConnection) -> str:
    """The token that came with a request, "" for none."""
    token = request.headers.get("x-auth-token")
    if token is None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token if scheme.lower() == "bearer" else ""
    return token


_BY_TOKEN = (
    select(Token, User).join(User, User.id == Token.user_id).where(Token.digest == bindparam("digest"))
)


def _authenticate(session: Session, digest: str, *, writes: bool) -> tuple[Token, User]:
    found = session.execute(_BY_TOKEN, {"digest": digest}).first()
    if found is None:
        raise ApiError(401, ["Invalid authentication token"])
    if writes and found[0].read_only:
        raise ForbiddenError("This API token is read-only")
    return found[0], found[1]


def _body(content: bytes, query: QueryParams, declared: frozenset[str]) -> Body:
    """The JSON sent, or the query where none was: an old client library writes that way."""
    if not content.strip():
        return Body({name: value for name, value in query.items() if name not in _SHAPING}, declared)
    try:
        values = read_json(content)
    except ValueError as error:
        raise ApiError(400, [f"The body {error}"]) from None
    if not isinstance(values, dict):
        raise ApiError(400, ["The body must be a JSON object"])
    return Body(values, declared)
