# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers for the programs of others: an API that is empty, and in which devices are made at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from clients import Clients
from packetd_process import Packetd


@pytest.fixture(scope="module")
def new_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Packetd]]:
    """Starts one more server for the tests of a file, with options of `packetd serve`."""
    servers: list[Packetd] = []

    def start(*options: str) -> Packetd:
        server = Packetd(tmp_path_factory.mktemp("packetd") / "state", *options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        if server.process is not None:
            server.stop()


@pytest.fixture(scope="module")
def clients(new_server: Callable[..., Packetd]) -> Clients:
    return Clients(new_server())
