# SPDX-License-Identifier: GPL-3.0-or-later
"""The API as an ASGI application: one module a resource, each with its ``routes``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import ModuleType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from packetd.api import (
    api_keys,
    bandwidth,
    batches,
    bgp_configs,
    bgp_sessions,
    capacity,
    control,
    custom_data,
    device_actions,
    devices,
    emails,
    events,
    facilities,
    hardware_reservations,
    interconnections,
    internet_gateways,
    invitations,
    ip_assignments,
    ip_reservations,
    licenses,
    members,
    metal_gateways,
    metros,
    notifications,
    openapi,
    operating_systems,
    organizations,
    payment_methods,
    plans,
    ports,
    projects,
    snapshots,
    spot_market_requests,
    spot_prices,
    ssh_keys,
    transfers,
    usages,
    users,
    virtual_networks,
    vlan_assignments,
    volume_attachments,
    volumes,
    vpn,
)
from packetd.api.calls import Context, problem, respond
from packetd.api.errors import ApiError, NotFoundError
from packetd.api.injection import Injection
from packetd.api.rate_limit import RateLimit
from packetd.api.routes import ApiRoute

PREFIX = "/metal/v1"
_OWN_PATHS = ("/healthz", "/_packetd/")
_RESOURCES: tuple[ModuleType, ...] = (
    # In the order in which they are tried: first what is asked for most, and batches before devices, for
    # /projects/{id}/devices/batch.
    batches,
    devices,
    device_actions,
    users,
    emails,
    api_keys,
    notifications,
    vpn,
    organizations,
    members,
    invitations,
    payment_methods,
    projects,
    transfers,
    usages,
    licenses,
    ssh_keys,
    plans,
    operating_systems,
    facilities,
    metros,
    bandwidth,
    hardware_reservations,
    capacity,
    spot_prices,
    spot_market_requests,
    events,
    ip_reservations,
    ip_assignments,
    virtual_networks,
    ports,
    vlan_assignments,
    internet_gateways,
    metal_gateways,
    interconnections,
    bgp_configs,
    bgp_sessions,
    # Before volumes: /storage/attachments/{id}.
    volume_attachments,
    snapshots,
    volumes,
    custom_data,
)


def application(context: Context, rate_limit: int | None = None, pages: Sequence[BaseRoute] = ()) -> ASGIApp:
    """The API, at / and at /metal/v1, and /healthz; ``rate_limit`` is in requests a minute and token.

    ``pages`` are for people: the one at / and those below /_packetd.
    """
    routes = [
        Route("/healthz", _healthz, methods=["GET"]),
        Route("/openapi.json", _openapi, methods=["GET"]),
        *control.routes,
        *pages,
        *api_routes(),
    ]
    starlette = Starlette(
        routes=routes, exception_handlers={HTTPException: _no_such_path, Exception: _our_mistake}
    )
    starlette.router.redirect_slashes = False
    starlette.state.context = context
    limited = starlette if rate_limit is None else RateLimit(starlette, rate_limit)
    return _Paths(Injection(limited, context.faults), starlette)


def api_routes() -> list[ApiRoute]:
    """The routes of all resources, in the order in which they are tried."""
    return [route for resource in _RESOURCES for route in resource.routes]


class _Paths:
    """Brings the ways in which clients write a path to one, and notes under which prefix they came."""

    def __init__(self, app: ASGIApp, own: ASGIApp) -> None:
        """``own`` handles what packetd itself is asked: no fault or limit must be in the way there."""
        self._app = app
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = re.sub("/{2,}", "/", scope["path"]).rstrip("/") or "/"
            prefix = PREFIX if path == PREFIX or path.startswith(PREFIX + "/") else ""
            path = path[len(prefix) :] or "/"
            scope = {**scope, "path": path, "raw_path": path.encode(), "packetd.prefix": prefix}
            # No name or id has it, and not every database can even be asked.
            if "\0" in path or b"%00" in scope["query_string"]:
                await problem(NotFoundError())(scope, receive, send)
                return
        await (self._own if _is_own(scope) else self._app)(scope, receive, send)


def _is_own(scope: Scope) -> bool:
    """Whether this is for packetd itself: its pages too, on which people see what a fault does."""
    path: str = scope["path"]
    return path.startswith(_OWN_PATHS) or (path == "/" and not scope.get("packetd.prefix"))


async def _healthz(_request: Request) -> Response:
    return respond(200, {"status": "ok"})


async def _openapi(request: Request) -> Response:
    return respond(200, openapi.document(api_routes(), request.scope["packetd.prefix"] or "/"))


async def _no_such_path(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return problem(NotFoundError() if status == 404 else ApiError(status, [str(error)]))


async def _our_mistake(request: Request, _error: Exception) -> Response:
    # Starlette raises the exception again once this is sent, and uvicorn logs it.
    return problem(ApiError(500, [f"packetd failed at {request.method} {request.url.path}; see its log"]))
