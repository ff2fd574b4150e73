# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible beside a packetd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_runs import Ansible


@pytest.fixture
def ansible(packetd: Any, tmp_path: Path) -> Ansible:
    """Ansible that speaks to the test's packetd."""
    folder = tmp_path / "ansible"
    folder.mkdir()
    environment = {"PACKET_API_URL": packetd.api_url, "PACKET_API_TOKEN": packetd.token}
    return Ansible(folder, environment)
