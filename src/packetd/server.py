# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the parts together and runs them until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address

import msgspec
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from packetd import accounts, api, metadata, privileges
from packetd.api.calls import Context
from packetd.api.renderings import Renderings
from packetd.api.turns import Turns
from packetd.api.waits import Waits
from packetd.certificates import server_context, share_authority
from packetd.connections import Config
from packetd.drivers import Driver, DriverError
from packetd.drivers.choice import CAPABILITIES, make_driver
from packetd.drivers.record import RecordDriver
from packetd.facts import remember_driver, remember_network
from packetd.faults import Faults
from packetd.gateway import Gateway
from packetd.limits import BodyLimits
from packetd.market import Market
from packetd.membership import Membership
from packetd.model import catalogue
from packetd.model.tokens import digest_of
from packetd.ownership import ServerError, identity, locked
from packetd.provisioner import Provisioner
from packetd.settings import Limits, Listen, ServedNetwork, Serving, Settings
from packetd.store import Store
from packetd.store.location import open_store, remember
from packetd.store.placement import Site
from packetd.store.reservations import grant_pending
from packetd.web import Pages

log = logging.getLogger(__name__)

# At the gateway of the devices' network, whose address is that of one packetd alone.
_METADATA_PORT = 80
_API_PORT = 8082
_GRACE_SECONDS = 5


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raises ServerError when that cannot begin."""
    _allow_files(settings.limits)
    with contextlib.ExitStack() as stack:
        api_socket = stack.enter_context(_bind(settings.api, "--api"))
        proxy_socket = stack.enter_context(_bind(settings.proxy, "--proxy"))
        _drop_privileges(settings)
        stack.enter_context(locked(settings.state))
        settings.state.serving.unlink(missing_ok=True)
        store = open_store(settings.state, make=True)
        stack.callback(store.close)
        remember(settings.state, store)
        remember_driver(store, settings.state, settings.driver)
        accounts.prepare(store, settings.state)
        share_authority(store, settings.state)
        _run(settings, store, api_socket, proxy_socket)


def _drop_privileges(settings: Settings) -> None:
    if settings.user is None:
        privileges.drop({privileges.DAC_OVERRIDE, *CAPABILITIES[settings.driver]})
    elif CAPABILITIES[settings.driver]:
        raise ServerError(f"--user: the {settings.driver} driver works on the host's network, as root only")
    else:
        privileges.drop((), settings.user)


def _allow_files(limits: Limits) -> None:
    """A connection through the proxy has three ends here; the database and the rest need some too."""
    needed = 4 * limits.connections + 256
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ServerError(
            f"--connections {limits.connections} needs {needed} open files, but the limit is {hard};"
            " raise it (ulimit -Hn) or allow fewer connections"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _run(settings: Settings, store: Store, api_socket: socket.socket, proxy_socket: socket.socket) -> None:
    faults = Faults(store)
    turns = Turns()
    driver = make_driver(settings, store.url if store.shared else None)
    provisioner = Provisioner(
        store,
        driver,
        catalogue.load(),
        Membership(store, identity(settings.state), lease=settings.lease),
        limit=timedelta(seconds=settings.provisioning_limit),
        workers=settings.workers,
        hinder=faults.hinder,
        give_way=turns.give_way,
    )
    if isinstance(driver, RecordDriver):
        driver.phone_home = provisioner.phone_home
    try:
        driver.start()
    except DriverError as error:
        raise ServerError(f"driver {settings.driver}: {error}") from None
    remember_network(store, driver.network)
    try:
        with store.write() as session:
            grant_pending(session, driver.network.elastic, settings.address_quota)
        api_sockets = [api_socket, *_at_gateway(driver, _API_PORT, "the API for devices")]
        metadata_sockets = _at_gateway(driver, _METADATA_PORT, "the metadata service")
        faults.start()
        site = Site(catalogue.load(), driver, faults.exhausted, settings.device_quota)
        market = Market(store, site, provisioner.wake)
        provisioner.start()
        market.start()
        try:
            context = make_context(settings, store, driver, provisioner, faults, turns)
            sockets = _Sockets(api_sockets, proxy_socket, metadata_sockets)
            asyncio.run(_serve(settings, context, provisioner.phone_home, sockets))
        finally:
            market.stop()
            provisioner.stop()
            faults.stop()
    finally:
        driver.stop()
        settings.state.serving.unlink(missing_ok=True)


def make_context(
    settings: Settings,
    store: Store,
    driver: Driver,
    provisioner: Provisioner,
    faults: Faults,
    turns: Turns,
) -> Context:
    """What all calls share, over these parts."""
    administrator = digest_of(settings.state.admin_token.read_text().strip())
    return Context(
        store,
        catalogue.load(),
        driver,
        provisioner.wake,
        faults,
        administrator,
        turns,
        # Others find connections too.
        Waits(store, settings.limits.connections // 2),
        Renderings(),
        settings.address_quota,
        settings.device_quota,
        settings.userdata_limit,
    )


@dataclass(frozen=True)
class _Sockets:
    """Those of the API begin with the one of ``--api``."""

    api: Sequence[socket.socket]
    proxy: socket.socket
    metadata: Sequence[socket.socket]


def _at_gateway(driver: Driver, port: int, what: str) -> list[socket.socket]:
    """Where devices reach it; nowhere if they have no network."""
    if driver.network.bridge is None:
        return []
    return [_bind(Listen(str(driver.network.gateway), port), what)]


def _bind(listen: Listen, what: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # Named, as asyncio sends small answers at once only where it knows that this is TCP.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
    settings: Settings, context: Context, phone_home: Callable[[str], None], sockets: _Sockets
) -> None:
    origins: dict[tuple[str, int], str] = {}
    api_app = api.application(context, settings.rate_limit, Pages().routes())
    metadata_app = metadata.Metadata(
        context.store, context.catalogue, phone_home, origins, context.turns
    ).application()
    servers = [
        (_uvicorn(_ByHost(api_app, metadata_app), settings.limits), sockets.api),
        (_uvicorn(metadata_app, settings.limits), sockets.metadata),
    ]

    gateway = Gateway(server_context(settings.state), _reachable(sockets.api[0]), origins, settings.limits)
    proxy = await asyncio.start_server(gateway.handle, sock=sockets.proxy)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    _spare_the_collector()
    # Before the first call is answered: who has seen /healthz may read the file. Those who read the file
    # first wait in the sockets' queues, which are there already.
    _announce(settings, context.driver, sockets.api[0], sockets.proxy)
    running = [asyncio.create_task(server.serve(list(bound))) for server, bound in servers if bound]
    await stopping.wait()
    log.info("stopping")
    proxy.close()
    context.waits.stop()
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*running)


def _spare_the_collector() -> None:
    """A call makes thousands of objects and hardly a cycle: looking for these took a tenth of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _uvicorn(app: ASGIApp, limits: Limits) -> _Server:
    return _Server(Config(BodyLimits(app, limits), limits, _GRACE_SECONDS))


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
        api=f"http://{Listen(str(plan.gateway), _API_PORT)}",
    )
