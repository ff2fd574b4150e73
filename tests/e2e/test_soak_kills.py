# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of site.yml that are killed at any moment, again and again (make soak)."""

from __future__ import annotations

import os
import random

import pytest
from conftest import Lab

CLUSTERS = int(os.environ.get("SOAK_CLUSTERS", "10"))
SECONDS = 60.0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(CLUSTERS))
def test_a_run_killed_at_any_moment_converges(lab: Lab, seed: int) -> None:
    moments = random.Random(seed)
    lab.run("serve", "--control-planes", "1", "--workers", "1")
    for _number in range(3):
        lab.kill_playbook("site", at="PLAY [Provision]", after=moments.uniform(0, SECONDS))
    finished = lab.playbook("site")
    assert finished.returncode == 0, f"seed {seed}"
    hostnames = sorted(device["hostname"] for device in lab.devices())
    assert hostnames == ["kubernetes-control-plane-0", "kubernetes-worker-0"], f"seed {seed}"
    again = lab.playbook("site")
    assert set(again.changed.values()) == {0}, f"seed {seed}"
    assert lab.playbook("destroy").returncode == 0
