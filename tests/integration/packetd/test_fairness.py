# SPDX-License-Identifier: GPL-3.0-or-later
"""One client's many heavy calls leave those of another nearly as quick as they were.

Nothing is measured in seconds: what one client waits is compared with what it, and the others, wait
otherwise on the same machine. Slow and dead clients are in test_limits.py.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from packetd_process import Packetd

_GREEDY = 50
_DEVICES = 20
_CALLS = 25
# As many as are handled at a time (api/turns.py).
_SHARE = 4
_PATIENCE = 300


@pytest.fixture
def fleet(packetd: Packetd, order: dict[str, Any]) -> tuple[str, str]:
    """A project of many devices, and one of them."""
    project = packetd.call("GET", "/projects")[1]["projects"][0]["id"]
    batch = {"batches": [{**order, "hostname": "n{{index}}", "quantity": _DEVICES}]}
    assert packetd.call("POST", f"/projects/{project}/devices/batch", batch)[0] == 201
    listing = f"/projects/{project}/devices?state=active"
    found = packetd.wait(listing, lambda _status, page: page["meta"]["total"] == _DEVICES, seconds=120)
    return project, found["devices"][0]["id"]


class Client:
    """One connection after the other, with patience."""

    def __init__(self, server: Packetd, token: str) -> None:
        self._where = urlsplit(server.api_url).netloc
        self._token = token

    def seconds(self, path: str) -> float:
        """What an answer takes."""
        began = time.monotonic()
        with closing(HTTPConnection(self._where, timeout=_PATIENCE)) as connection:
            connection.request("GET", path, headers={"X-Auth-Token": self._token})
            answer = connection.getresponse()
            answer.read()
        assert answer.status == 200
        return time.monotonic() - began


@contextmanager
def crowd(client: Client, path: str, size: int) -> Iterator[list[float]]:
    """So many calls of one client at a time, over and over; gives what each of them took."""
    enough, taken = threading.Event(), list[float]()

    def ask() -> None:
        while not enough.is_set():
            taken.append(client.seconds(path))

    with ThreadPoolExecutor(size) as threads:
        asking = [threads.submit(ask) for _ in range(size)]
        try:
            while not taken:
                time.sleep(0.01)
            yield taken
        finally:
            enough.set()
    for one in asking:
        one.result()


def test_who_asks_for_long_lists_fifty_times_at_once_delays_the_others_little(
    packetd: Packetd, fleet: tuple[str, str]
) -> None:
    project, device = fleet
    greedy, modest = (Client(packetd, packetd.command("token", "create").stdout.strip()) for _ in range(2))
    # What is included is never kept, so that all of it is made anew each time.
    heavy = f"/projects/{project}/devices?per_page={_DEVICES}&include=project"
    single = f"/devices/{device}"

    def usual() -> float:
        return statistics.median(modest.seconds(single) for _ in range(_CALLS))

    alone = usual()
    with crowd(greedy, heavy, _SHARE):
        beside_few = usual()
    with crowd(greedy, heavy, _GREEDY) as taken:
        beside_many = usual()
    told = f"{alone=:.3f} {beside_few=:.3f} {beside_many=:.3f} greedy={statistics.median(taken):.3f}"
    # Measured on a busy machine: 6 to 21 times, as threads share one interpreter and a call takes 2 ms alone.
    assert beside_few < 60 * alone, told
    # What is beyond the share waits for itself, and for nobody else.
    assert beside_many < 4 * beside_few, told
    assert beside_many < statistics.median(taken) / 4, told
