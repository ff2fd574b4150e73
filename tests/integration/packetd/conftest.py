# SPDX-License-Identifier: GPL-3.0-or-later
"""One server for all tests of a file that do not disturb each other, and a project for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from packetd_process import Packetd
from postgresql_process import PASSWORD, PostgreSQL


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packetd]:
    process = Packetd(tmp_path_factory.mktemp("server") / "packetd")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def project(server: Packetd) -> str:
    status, project = server.call("POST", "/projects", {"name": "tests"})
    assert status == 201
    return str(project["id"])


@pytest.fixture
def order() -> dict[str, Any]:
    """The least that a device needs."""
    return {
        "hostname": "node-0",
        "plan": "c3.small.x86",
        "operating_system": "debian_12",
        "metro": "sv",
    }


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """PostgreSQL for all tests of a process; each takes a database of its own."""
    server = PostgreSQL()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database(postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty database; its password is in the environment."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return postgresql.database()
