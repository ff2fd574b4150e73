# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a controller over HTTP: whether it lives, whether it is ready, and its metrics."""

from __future__ import annotations

import resource

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

PEAK = Gauge("process_max_resident_bytes", "The most memory that it ever had")
PEAK.set_function(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


class Serving:
    """/healthz, /readyz and /metrics on one address."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self.unready: str | None = "starting"
        """Why it is not ready; None when it is."""

    async def start(self) -> None:
        """Begins to answer. Raises OSError where the address cannot be had."""
        application = web.Application()
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Answers no more."""
        if self._runner:
            await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _readyz(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.unready or "ok", status=503 if self.unready else 200)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
