# SPDX-License-Identifier: GPL-3.0-or-later
"""The API as an ASGI application: one module a resource, each with its ``routes``."""

from __future__ import annotations

import re
from types import ModuleType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from packetd.api import (
    batches,
    custom_data,
    device_actions,
    devices,
    events,
    facilities,
    ip_assignments,
    ip_reservations,
    metros,
    operating_systems,
    organizations,
    plans,
    projects,
    ssh_keys,
    users,
)
from packetd.api.calls import Context, problem, respond
from packetd.api.errors import ApiError, NotFoundError

PREFIX = "/metal/v1"
_RESOURCES: tuple[ModuleType, ...] = (
    users,
    organizations,
    projects,
    ssh_keys,
    plans,
    operating_systems,
    facilities,
    metros,
    # Before devices: /projects/{id}/devices/batch.
    batches,
    devices,
    device_actions,
    events,
    ip_reservations,
    ip_assignments,
    custom_data,
)


def application(context: Context) -> ASGIApp:
    """The API, at / and at /metal/v1, and /healthz."""
    routes = [Route("/healthz", _healthz, methods=["GET"])]
    routes += [route for resource in _RESOURCES for route in resource.routes]
    starlette = Starlette(
        routes=routes, exception_handlers={HTTPException: _no_such_path, Exception: _our_mistake}
    )
    starlette.router.redirect_slashes = False
    starlette.state.context = context
    return _Paths(starlette)


class _Paths:
    """Brings the ways in which clients write a path to one, and notes under which prefix they came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = re.sub("/{2,}", "/", scope["path"]).rstrip("/") or "/"
            prefix = PREFIX if path == PREFIX or path.startswith(PREFIX + "/") else ""
            path = path[len(prefix) :] or "/"
            scope = {**scope, "path": path, "raw_path": path.encode(), "packetd.prefix": prefix}
        await self._app(scope, receive, send)


async def _healthz(_request: Request) -> Response:
    return respond(200, {"status": "ok"})


async def _no_such_path(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return problem(NotFoundError() if status == 404 else ApiError(status, [str(error)]))


async def _our_mistake(request: Request, _error: Exception) -> Response:
    # Starlette raises the exception again once this is sent, and uvicorn logs it.
    return problem(ApiError(500, [f"packetd failed at {request.method} {request.url.path}; see its log"]))
