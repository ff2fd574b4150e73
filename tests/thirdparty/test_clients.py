# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients whose URL cannot be changed, and a strict one: each a program that asserts what it is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest
import sources
from clients import Clients, Ended, running, wanted
from expectations import cases

SCRIPTS = Path(__file__).with_name("scripts")
LIBRARIES = {
    "node_by_libcloud.py": "apache-libcloud==3.9.1",
    "device_by_equinix_metal.py": "equinix-metal==0.11.0",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("name", cases("clients", [file.name for file in sorted(SCRIPTS.iterdir())]))


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, clients: Clients) -> Iterator[Mapping[str, Future[Ended]]]:
    names = wanted(request)
    libraries = {name: sources.python_library(LIBRARIES[name]) for name in names if name in LIBRARIES}

    def run(name: str) -> Ended:
        interpreter = sys.executable if name.endswith(".py") else "sh"
        return clients.run([interpreter, SCRIPTS / name], PYTHONPATH=str(libraries.get(name, "")))

    with running(run, names, at_once=2) as results:
        yield results


def test_client(runs: Mapping[str, Future[Ended]], name: str) -> None:
    runs[name].result().check()
