# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that a lab writes: the sample, and beside it what is different in a lab."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import inventory
from lab.state import CHECKOUT, State

GATEWAY = "100.64.0.1"


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A lab whose packetd runs."""
    state = State(tmp_path)
    state.packetd.mkdir()
    network = {"gateway": GATEWAY, "api": f"http://{GATEWAY}:8082"}
    told = {"api": "http://127.0.0.1:41000", "network": network}
    (state.packetd / "packetd.json").write_text(json.dumps(told))
    return state


def settings(state: State) -> dict[str, Any]:
    """What is different from the sample."""
    loaded = yaml.safe_load((state.inventory / "group_vars" / "all" / "2-lab.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_what_runs_in_devices_is_told_where_it_finds_api_and_mirror(state: State) -> None:
    inventory.write(state, 3, 1, "v1.35.4")
    told = settings(state)
    assert told["cloud_controller_api_url"] == f"http://{GATEWAY}:8082"
    assert told["kubernetes_download_url"] == f"http://{GATEWAY}:8080"
    assert told["kubernetes_registry_mirrors"]["ghcr.io"] == f"http://{GATEWAY}:5000/v2/ghcr.io"
    assert "127.0.0.1" not in str(told)


def test_it_sets_nothing_that_is_no_setting(state: State) -> None:
    inventory.write(state, 1, 2, "v1.36.3")
    sample = yaml.safe_load((CHECKOUT / "inventory" / "group_vars" / "all.yml").read_text())
    assert settings(state).keys() <= sample.keys()


def test_what_did_not_change_is_not_written_again(state: State) -> None:
    inventory.write(state, 1, 2, "v1.36.3")
    file = state.inventory / "group_vars" / "all" / "2-lab.yml"
    before = file.stat().st_mtime_ns
    inventory.write(state, 1, 2, "v1.36.3")
    assert file.stat().st_mtime_ns == before
    inventory.write(state, 1, 3, "v1.36.3")
    assert settings(state)["provision_workers"] == 3
