# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the parts together and runs them until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from datetime import timedelta
from ipaddress import ip_address

import msgspec
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from packetd import accounts, api, metadata
from packetd.api.calls import Context
from packetd.certificates import server_context
from packetd.drivers import Driver, DriverError
from packetd.drivers.choice import make_driver
from packetd.drivers.record import RecordDriver
from packetd.gateway import Gateway
from packetd.model import catalogue
from packetd.ownership import ServerError, locked
from packetd.provisioner import Provisioner
from packetd.settings import Listen, ServedNetwork, Serving, Settings
from packetd.store import Store, open_sqlite
from packetd.store.tables import Setting

log = logging.getLogger(__name__)

_METADATA_PORT = 80
_GRACE_SECONDS = 5


def remember_driver(store: Store, name: str) -> None:
    """Note which driver the state's machines belong to; raises ServerError when it is another."""
    with store.write() as session:
        known = session.get(Setting, "driver")
        if known is None:
            session.add(Setting(name="driver", value=name))
        elif known.value != name:
            raise ServerError(
                f"this state was made with --driver {known.value}, not {name};"
                " give --state another directory, or `packetd destroy` this one first"
            )


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raises ServerError when that cannot begin."""
    with locked(settings.state):
        settings.state.serving.unlink(missing_ok=True)
        with contextlib.ExitStack() as stack:
            api_socket = stack.enter_context(_bind(settings.api, "--api"))
            proxy_socket = stack.enter_context(_bind(settings.proxy, "--proxy"))
            store = open_sqlite(settings.state.database)
            stack.callback(store.close)
            remember_driver(store, settings.driver)
            accounts.prepare(store, settings.state)
            _run(settings, store, api_socket, proxy_socket)


def _run(settings: Settings, store: Store, api_socket: socket.socket, proxy_socket: socket.socket) -> None:
    driver = make_driver(settings)
    provisioner = Provisioner(
        store,
        driver,
        catalogue.load(),
        limit=timedelta(seconds=settings.provisioning_limit),
        workers=settings.workers,
    )
    if isinstance(driver, RecordDriver):
        driver.phone_home = provisioner.phone_home
    try:
        driver.start()
    except DriverError as error:
        raise ServerError(f"driver {settings.driver}: {error}") from None
    try:
        metadata_sockets = _metadata_sockets(driver)
        provisioner.start()
        try:
            asyncio.run(
                _serve(settings, store, driver, provisioner, (api_socket, proxy_socket, *metadata_sockets))
            )
        finally:
            provisioner.stop()
    finally:
        driver.stop()
        settings.state.serving.unlink(missing_ok=True)


def _metadata_sockets(driver: Driver) -> list[socket.socket]:
    if driver.network.bridge is None:
        return []
    return [_bind(Listen(str(driver.network.gateway), _METADATA_PORT), "the metadata service")]


def _bind(listen: Listen, what: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    # A port whose last connections are still closing may be taken again.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((listen.host, listen.port))
        bound.listen(1024)
    except OSError as error:
        bound.close()
        raise ServerError(f"cannot listen on {listen} for {what}: {error.strerror}") from None
    return bound


class _Server(uvicorn.Server):
    """Several of them share one process, which has its own way with signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _ByHost:
    """Sends calls for the metadata service's names there, and all others to the API."""

    def __init__(self, api_app: ASGIApp, metadata_app: ASGIApp) -> None:
        self._api = api_app
        self._metadata = metadata_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        host = headers.get(b"host", b"").decode("latin-1").partition(":")[0].lower()
        app = self._metadata if host in metadata.HOSTS else self._api
        await app(scope, receive, send)


async def _serve(
    settings: Settings,
    store: Store,
    driver: Driver,
    provisioner: Provisioner,
    sockets: Sequence[socket.socket],
) -> None:
    api_socket, proxy_socket, *metadata_sockets = sockets
    origins: dict[tuple[str, int], str] = {}
    context = Context(store, catalogue.load(), driver, provisioner.wake)
    metadata_app = metadata.Metadata(store, catalogue.load(), provisioner.phone_home, origins).application()
    servers = [(_uvicorn(_ByHost(api.application(context), metadata_app)), api_socket)]
    servers += [(_uvicorn(metadata_app), bound) for bound in metadata_sockets]

    gateway = Gateway(server_context(settings.state), _reachable(api_socket), origins)
    proxy = await asyncio.start_server(gateway.handle, sock=proxy_socket)
    running = [asyncio.create_task(server.serve([bound])) for server, bound in servers]
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    while not all(server.started for server, _ in servers):
        await asyncio.sleep(0.005)
    _announce(settings, driver, api_socket, proxy_socket)
    await stopping.wait()
    log.info("stopping")
    proxy.close()
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*running)


def _uvicorn(app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )


def _reachable(bound: socket.socket) -> tuple[str, int]:
    """Where this host itself reaches a socket, which may listen on every address."""
    host, port = bound.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return host, port


def _announce(
    settings: Settings, driver: Driver, api_socket: socket.socket, proxy_socket: socket.socket
) -> None:
    """Write packetd.json, whole: who reads it finds the server listening."""
    content = Serving(
        pid=os.getpid(),
        api=f"http://{Listen(*_reachable(api_socket))}",
        proxy=f"http://{Listen(*_reachable(proxy_socket))}",
        driver=settings.driver,
        network=_served_network(driver),
    )
    unfinished = settings.state.serving.with_suffix(".new")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    unfinished.replace(settings.state.serving)
    log.info("API at %s, proxy at %s, driver %s", content.api, content.proxy, settings.driver)


def _served_network(driver: Driver) -> ServedNetwork | None:
    plan = driver.network
    if plan.bridge is None:
        return None
    return ServedNetwork(
        bridge=plan.bridge,
        gateway=str(plan.gateway),
        public=str(plan.public),
        elastic=str(plan.elastic),
        private=str(plan.private),
    )
