# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes of the pages, and signing in and out.

What is shown goes the way of every call: on a thread, in turn, with the rights of a token. The token
itself is in no cookie, URL or page; what changes who is signed in must come from a page of our own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from packetd.api.calls import Context, Handler, handle, sender, sent_token
from packetd.api.errors import ApiError
from packetd.model.tokens import digest_of
from packetd.web.reference import Reference
from packetd.web.rendering import ROOT, SAFE, file, page
from packetd.web.sessions import Session, Sessions
from packetd.web.views import DECLARED, PAGES, owner_name

# What our script asks with: it wants what changes of a page, and nothing around it.
LIVE = "x-packetd-live"

Answer = Callable[[Request, bytes], Response]


class Pages:
    """The pages of one server, with the sessions of their readers."""

    def __init__(self) -> None:
        self._sessions = Sessions()
        self._reference = Reference()

    def routes(self) -> list[Route]:
        shown = [
            Route(ROOT + path, self._on_thread(partial(self._show, template, handler)), methods=["GET"])
            for path, (template, handler) in PAGES.items()
        ]
        return [
            Route("/", self._on_thread(self._start), methods=["GET"]),
            Route(f"{ROOT}/login", self._on_thread(self._sign_in), methods=["POST"]),
            Route(f"{ROOT}/logout", self._on_thread(self._sign_out), methods=["POST"]),
            Route(f"{ROOT}/docs", self._on_thread(self._docs), methods=["GET"]),
            *shown,
            Route(f"{ROOT}/{{file}}", _file, methods=["GET"]),
        ]

    def _on_thread(self, answer: Answer) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if request.scope["packetd.prefix"]:
                # What is below /metal/v1 is the API alone.
                raise HTTPException(404)
            context: Context = request.app.state.context
            session = self._session(request)
            client = sender(request) if session is None else session.digest
            return await context.turns.run(client, answer, request, await request.body())

        return endpoint

    def _session(self, request: Request) -> Session | None:
        return self._sessions.find(request.cookies.get(_cookie(request), ""))

    def _start(self, request: Request, _content: bytes) -> Response:
        """For people alone: programs find at / what they always did, which is nothing."""
        if sent_token(request) or not _is_browser(request):
            raise HTTPException(404)
        return self._page(request, "start.html")

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        driver = request.app.state.context.driver
        common = {"session": self._session(request), "driver": driver, "path": request.url.path}
        layout = "live.html" if LIVE in request.headers else "layout.html"
        return page(template, {"layout": layout, "live": False, "refused": None, **common, **values}, status)

    def _show(self, template: str, handler: Handler, request: Request, _content: bytes) -> Response:
        session = self._session(request)
        try:
            if session is None:
                raise ApiError(401, ["Sign in first"])
            values = handle(request, session.digest, b"", handler, DECLARED, writes=False)
        except ApiError as error:
            return self._refuse(request, error)
        return self._page(request, template, live=True, **values or {})

    def _refuse(self, request: Request, error: ApiError) -> Response:
        if error.status != 401:
            title = HTTPStatus(error.status).phrase
            return self._page(request, "error.html", error.status, title=title, errors=error.errors)
        # Also when the token was revoked while somebody was signed in with it.
        self._sessions.end(request.cookies.get(_cookie(request), ""))
        if LIVE in request.headers:
            return Response(status_code=401, headers=SAFE)
        return RedirectResponse("/", 303, SAFE)

    def _docs(self, request: Request, _content: bytes) -> Response:
        return self._page(request, "docs.html", reference=self._reference.html(request.app.routes))

    def _sign_in(self, request: Request, content: bytes) -> Response:
        try:
            _check_origin(request)
            digest = digest_of(_token(content))
            owner = handle(request, digest, b"", owner_name, frozenset(), writes=False) or {}
        except ApiError as error:
            if error.status != 401:
                return self._refuse(request, error)
            return self._page(request, "start.html", 401, refused="There is no such token.")
        answer = RedirectResponse(f"{ROOT}/projects", 303, SAFE)
        answer.set_cookie(
            _cookie(request),
            self._sessions.begin(digest, owner["name"]),
            httponly=True,
            samesite="strict",
            # The page may be behind a proxy that speaks TLS, and only the browser knows.
            secure=request.headers["origin"].startswith("https:"),
        )
        return answer

    def _sign_out(self, request: Request, _content: bytes) -> Response:
        try:
            _check_origin(request)
        except ApiError as error:
            return self._refuse(request, error)
        self._sessions.end(request.cookies.get(_cookie(request), ""))
        answer = RedirectResponse("/", 303, SAFE)
        answer.delete_cookie(_cookie(request), httponly=True, samesite="strict")
        return answer


async def _file(request: Request) -> Response:
    found = file(request.path_params["file"])
    if found is None:
        raise HTTPException(404)
    return found


def _cookie(request: Request) -> str:
    """Browsers keep cookies by host; several servers on one host must not end each other's sessions."""
    return f"packetd-{request.url.port or request.url.scheme}"


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _check_origin(request: Request) -> None:
    """Raises ApiError for a form on somebody else's page."""
    origin = urlsplit(request.headers.get("origin", ""))
    if not origin.netloc or origin.netloc != request.headers.get("host"):
        raise ApiError(403, ["This form was not sent from a page of this server"])


def _token(content: bytes) -> str:
    try:
        fields = parse_qs(content.decode(errors="replace"), max_num_fields=10)
    except ValueError:
        return ""
    return fields.get("token", [""])[0].strip()
