# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the cloud controller manager: ``python3 -m controllers.cloud --cloud-config /etc/cloud-sa``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import tempfile
import uuid
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from lightkube import AsyncClient
from lightkube.resources.core_v1 import Node, Service
from lightkube.resources.discovery_v1 import EndpointSlice

from controllers.cloud import nodes, services, settings
from controllers.cloud.endpoint import EndpointController
from controllers.cloud.node_controller import NodeController
from controllers.cloud.service_controller import ServiceController
from controllers.cloud.settings import Settings, SettingsError
from controllers.runtime import changes, kubernetes, logs
from controllers.runtime.api import Api
from controllers.runtime.controller import Controller
from controllers.runtime.kubernetes import Kept
from controllers.runtime.leadership import Leadership, LeadershipLostError
from controllers.runtime.serving import Serving

log = logging.getLogger("controllers.cloud")

NAME = "cloud-controller-manager"
ANYWHERE = "0.0.0.0"  # noqa: S104 probes come by the node's address
PORT = 10258
"""That of Kubernetes' own cloud controller managers."""


def main() -> int:
    """Returns the exit status: 2 for settings that cannot be, 1 where leadership was lost."""
    options = _options()
    logs.configure(options.verbose)
    if options.kubeconfig:
        # kopf finds it there.
        os.environ["KUBECONFIG"] = str(options.kubeconfig)
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-") as folder:
        try:
            told = settings.read(options.cloud_config, os.environ, Path(folder))
        except SettingsError as error:
            log.error("%s", error)
            return 2
        return asyncio.run(_Manager(options, told).run())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=NAME, description=sys.modules[__name__].__doc__)
    parser.add_argument(
        "--cloud-config",
        "--provider-config",
        type=Path,
        help="the file cloud-sa.json, or the Secret as a folder",
    )
    parser.add_argument("--kubeconfig", type=Path, help="for running it outside of the cluster")
    parser.add_argument(
        "--listen", type=_address, default=(ANYWHERE, PORT), help="HOST:PORT of health, metrics"
    )
    parser.add_argument("--leader-elect", type=_flag, default=True, metavar="true|false")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]") or ANYWHERE, int(port)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r}; allowed are true and false")
    return text == "true"


class _Manager:
    """The parts, and how they begin and end."""

    def __init__(self, options: argparse.Namespace, told: Settings) -> None:
        self._options = options
        self._settings = told
        self._serving = Serving(*options.listen)
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Until it is told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        await self._serving.start()
        self._serving.unready = None
        try:
            return await self._lead(kubernetes.client(self._options.kubeconfig))
        finally:
            await self._serving.stop()

    async def _lead(self, client: AsyncClient) -> int:
        if not self._options.leader_elect:
            await self._control(client)
            return 0
        leadership = Leadership(client, NAME, f"{socket.gethostname()}_{uuid.uuid4()}")
        if not await self._unless_stopped(leadership.acquire()):
            return 0
        status = 0
        try:
            await self._control(client, leadership)
            await leadership.release()
        except* LeadershipLostError as lost:
            log.error("%s", lost.exceptions[0])
            status = 1
        return status

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> bool:
        """Whether the work came to its end before this one was told to stop."""
        working, stopped = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        return not working.cancel()

    async def _control(self, client: AsyncClient, leadership: Leadership | None = None) -> None:
        api = Api(self._settings.connection, self._settings.project)
        kept_nodes: Kept[nodes.Node] = Kept(Node, nodes.read, "nodes")
        controllers: list[Controller] = [NodeController(api, client, kept_nodes)]
        if self._settings.endpoint_tag:
            controllers.append(self._endpoint(api, kept_nodes, self._settings.endpoint_tag))
        kept: list[Kept[Any]] = [kept_nodes]
        if self._settings.load_balancer:
            of_services = Kept(Service, services.read, "services")
            slices = Kept(EndpointSlice, services.read_slice, "endpointslices")
            kept += [of_services, slices]
            controllers.append(
                ServiceController(api, client, self._settings, of_services, slices, kept_nodes)
            )

        def refresh() -> None:
            for each in controllers:
                each.refresh()

        async with asyncio.TaskGroup() as tasks:
            works = [*(each.run() for each in controllers), changes.follow(api, refresh)]
            if leadership:
                works.append(leadership.hold())
            running = [tasks.create_task(work) for work in works]
            await kubernetes.keep(client, kept, self._stop)
            for task in running:
                task.cancel()

    def _endpoint(self, api: Api, kept: Kept[nodes.Node], tag: str) -> EndpointController:
        trust = kubernetes.trust(self._options.kubeconfig)
        return EndpointController(api, kept, tag, self._settings.api_server_port, trust)


if __name__ == "__main__":
    # Without waiting for the threads: one may have asked for events, and be answered in half a minute.
    os._exit(main())
