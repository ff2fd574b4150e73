# SPDX-License-Identifier: GPL-3.0-or-later
"""No role is without a scenario, and `make molecule` runs all of them."""

from __future__ import annotations

import re
from pathlib import Path

COLLECTION = Path(__file__).parents[3]
SCENARIOS = {path.parent.name for path in (COLLECTION / "extensions" / "molecule").glob("*/molecule.yml")}
MAKES_DEVICES = "default"


def test_every_role_has_a_scenario_and_the_cluster_one_too() -> None:
    roles = {path.name for path in (COLLECTION / "roles").iterdir()}
    assert {*roles, "cluster", MAKES_DEVICES} == SCENARIOS


def test_all_are_run() -> None:
    script = (COLLECTION / "tests" / "molecule.sh").read_text()
    run = " ".join(re.findall(r"^ {4}run ([a-z_ ]+)$", script, re.MULTILINE)).split()
    assert sorted(run) == sorted(SCENARIOS - {MAKES_DEVICES})
