# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that an inventory lists by hand: the roles need no Packet API."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from conftest import Lab


@pytest.fixture(scope="module")
def machines(lab: Lab) -> Path:
    """Two devices, and an inventory that knows no more of them than how to reach them."""
    assert lab.playbook("site", "--tags", "provision").returncode == 0
    control_plane, worker = (
        {"ansible_host": lab.device(name)["ip_addresses"][0]["address"]}
        for name in ("kubernetes-control-plane-0", "kubernetes-worker-0")
    )
    folder = lab.state.root / "listed"
    folder.mkdir()
    (folder / "hosts.yml").write_text(
        yaml.safe_dump(
            {
                "kube_control_plane": {"hosts": {"alpha": control_plane}},
                "kube_node": {"hosts": {"beta": worker}},
            }
        )
    )
    (folder / "group_vars").symlink_to(lab.state.inventory / "group_vars")
    lab.set(provision_project="")
    return folder


def test_the_same_cluster_is_built_on_them(lab: Lab, machines: Path) -> None:
    assert lab.playbook("site", inventory=machines).returncode == 0
    lab.keep_kubectl()
    assert sorted(node["metadata"]["name"] for node in lab.get("nodes")) == ["alpha", "beta"]


def test_a_second_run_changes_nothing(lab: Lab, machines: Path) -> None:
    recap = lab.playbook("site", inventory=machines)
    assert recap.returncode == 0
    assert set(recap.changed.values()) == {0}, recap.output


def test_destroy_resets_them_and_they_can_be_used_again(lab: Lab, machines: Path) -> None:
    assert lab.playbook("destroy", inventory=machines).returncode == 0
    assert lab.playbook("site", inventory=machines).returncode == 0
