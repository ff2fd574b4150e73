# SPDX-License-Identifier: GPL-3.0-or-later
"""A packetd of its own for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from packetd_process import Packetd


@pytest.fixture
def packetd(tmp_path: Path) -> Iterator[Packetd]:
    """A running server with nothing in it, stopped afterwards."""
    server = Packetd(tmp_path / "packetd")
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.kill()
