# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of packngo 0.2.0, from Debian: the Go client of Packet's days, at PACKET_API_URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future

import pytest
import sources
from clients import Ended, wanted
from expectations import cases
from go_tests import GoTests, check
from packetd_process import Packetd


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("name", cases("packngo-0.2.0", GoTests.of(sources.packngo_debian()).bodies))


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, new_server: Callable[[], Packetd]
) -> Iterator[Mapping[str, Future[Ended]]]:
    tests = GoTests.of(sources.packngo_debian())
    program = sources.packngo_debian_tests()
    environment = {"PACKNGO_TEST_ACTUAL_API": "1"}
    with tests.running(program, wanted(request), new_server, lambda _name: environment) as results:
        yield results


def test_packngo(runs: Mapping[str, Future[Ended]], name: str) -> None:
    check(runs[name].result(), name)
