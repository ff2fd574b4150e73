# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab learns from packetd."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab import servers
from lab.failure import LabError
from lab.state import State


def write(state: State, network: dict[str, str]) -> None:
    told = {"api": "http://127.0.0.1:1", "network": network}
    (state.packetd / "packetd.json").write_text(json.dumps(told))


def test_where_devices_find_the_api(tmp_path: Path) -> None:
    state = State(tmp_path)
    with pytest.raises(LabError, match=r"packetd never ran in .*; make up starts it"):
        servers.device_api_url(state)
    state.packetd.mkdir()
    write(state, {"gateway": "100.64.0.1"})
    with pytest.raises(LabError, match=r"kill \$\(cat .*/packetd\.pid\)\) and make up"):
        servers.device_api_url(state)
    write(state, {"gateway": "100.64.0.1", "api": "http://100.64.0.1:8082"})
    assert servers.device_api_url(state) == "http://100.64.0.1:8082"
