# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance tests of packngo 0.31.0, the last: at its own URL, which is below /metal/v1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future

import pytest
import sources
from clients import Ended, wanted
from expectations import cases
from go_tests import GoTests, check
from packetd_process import Packetd

PREFIX = "TestAcc"  # The others are unit tests, which call nobody.


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("name", cases("packngo-0.31.0", GoTests.of(sources.packngo_module(), PREFIX).bodies))


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, new_server: Callable[[], Packetd]
) -> Iterator[Mapping[str, Future[Ended]]]:
    tests = GoTests.of(sources.packngo_module(), PREFIX)
    program = sources.packngo_module_tests()

    def environment(name: str) -> dict[str, str]:
        # Some compare hrefs with paths as they are at PACKET_API_URL, where nothing stands before them.
        own_url = {} if '"/organizations/"' in tests.bodies[name] else {"PACKET_API_URL": ""}
        return {"PACKNGO_TEST_ACTUAL_API": "1", **own_url}

    with tests.running(program, wanted(request), new_server, environment) as results:
        yield results


def test_packngo(runs: Mapping[str, Future[Ended]], name: str) -> None:
    check(runs[name].result(), name)
