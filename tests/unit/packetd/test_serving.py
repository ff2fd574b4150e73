# SPDX-License-Identifier: GPL-3.0-or-later
"""What packetd.json says of the running server, and where the API listens for devices."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import msgspec
import pytest

from packetd import server
from packetd.drivers.record import RecordDriver, url_of
from packetd.model.addresses import NetworkPlan
from packetd.ownership import ServerError
from packetd.settings import Listen, Serving, Settings, State

# Loopback in all of 127.0.0.0/8, so that the gateway is an address of this host.
GATEWAY = "127.83.0.1"


class Networked(RecordDriver):
    """Simulated machines on a network that is there."""

    @property
    def network(self) -> NetworkPlan:
        return replace(super().network, public=IPv4Network("127.83.0.0/25"), bridge="lo")


@pytest.fixture
def drivers(tmp_path: Path) -> Iterator[tuple[RecordDriver, Networked]]:
    """One whose devices have no network, and one whose devices have."""
    both = RecordDriver(url_of(tmp_path, None)), Networked(url_of(tmp_path, None))
    for driver in both:
        driver.start()
    yield both
    for driver in both:
        driver.stop()


def announced(driver: RecordDriver, state: State) -> dict[str, Any]:
    settings = Settings(state, "record", api=Listen("127.0.0.1", 0), proxy=Listen("127.0.0.1", 0))
    with socket.create_server(("127.0.0.1", 0)) as api, socket.create_server(("127.0.0.1", 0)) as proxy:
        server._announce(settings, driver, api, proxy)
        assert json.loads(state.serving.read_text())["api"] == f"http://127.0.0.1:{api.getsockname()[1]}"
    return dict(json.loads(state.serving.read_text()))


def test_the_url_for_devices_is_where_it_listens(
    drivers: tuple[RecordDriver, Networked], tmp_path: Path
) -> None:
    _, driver = drivers
    (bound,) = server._at_gateway(driver, server._API_PORT, "the API for devices")
    with closing(bound):
        host, port = bound.getsockname()
        assert host == GATEWAY
        network = announced(driver, State(tmp_path))["network"]
        assert (network["gateway"], network["api"]) == (GATEWAY, f"http://{GATEWAY}:{port}")
        with pytest.raises(ServerError, match=f"{GATEWAY}:{port} for the API for devices: Address already"):
            server._at_gateway(driver, server._API_PORT, "the API for devices")


def test_an_older_server_that_still_runs_is_understood() -> None:
    network = {"bridge": "b", "gateway": "g", "public": "p", "elastic": "e", "private": "r"}
    told = {"pid": 1, "api": "a", "proxy": "p", "driver": "docker", "network": network}
    serving = msgspec.json.decode(json.dumps(told), type=Serving)
    assert serving.network is not None
    assert serving.network.api is None


def test_without_a_network_of_devices_there_is_none(
    drivers: tuple[RecordDriver, Networked], tmp_path: Path
) -> None:
    driver, _ = drivers
    assert server._at_gateway(driver, server._API_PORT, "the API for devices") == []
    assert announced(driver, State(tmp_path))["network"] is None
