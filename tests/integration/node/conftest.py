# SPDX-License-Identifier: GPL-3.0-or-later
"""One device, reached by SSH as any machine is, and what it downloads from a server on its network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from docker_site import Host, Site
from node_runs import Machine

from lab import dockerd
from packetd.drivers.docker import image


@pytest.fixture(scope="session")
def machine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("node")


@pytest.fixture(scope="session")
def host(machine_folder: Path) -> Iterator[Host]:
    dockerd.ensure_running()
    image.build()
    site = Site(machine_folder)
    try:
        site.start()
        device = site.order("node", "")
        site.wait_for(device, "active")
        yield site.host(device)
    finally:
        site.destroy()


@pytest.fixture
def machine(host: Host, machine_folder: Path, tmp_path: Path) -> Machine:
    return Machine(host, tmp_path)


class Silent(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def published(host: Host, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL under which both the device and the controller find what is in it."""
    folder = tmp_path / "published"
    folder.mkdir()
    gateway = host.output("ip -4 route show default").split()[2]
    with ThreadingHTTPServer((gateway, 0), partial(Silent, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://{gateway}:{server.server_port}"
        server.shutdown()
