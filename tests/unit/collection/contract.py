# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every Kind, whatever is outside of it: tests for a file that says for which cases."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from kinds import Case, cases

__all__ = [
    "put_cases",
    "test_check_mode_changes_nothing_and_foretells_exactly",
    "test_run_again_nothing_changes",
    "test_what_cannot_change_is_refused",
    "test_what_cannot_change_is_replaced_where_that_is_wished",
]

STEPS = ["create", "change", "remove", "nothing", "remove nothing"]


def put_cases(metafunc: pytest.Metafunc, folder: Path) -> None:
    """For pytest_generate_tests: gives each test of the contract the cases of a folder."""
    if "case" in metafunc.fixturenames:
        asked: Callable[[Case], Any] = _ASKED.get(metafunc.function.__name__, lambda _case: True)
        wanted = [case for case in cases(folder) if asked(case)]
        metafunc.parametrize("case", wanted, ids=lambda case: case.name)


def prepared(case: Case, step: str) -> tuple[list[Any], Any]:
    """What to settle first, and what then to want, for a step of this sort."""
    return {
        "create": ([], case.wanted),
        "change": ([case.wanted], case.changed),
        "remove": ([case.wanted], None),
        "nothing": ([case.wanted], case.wanted),
        "remove nothing": ([], None),
    }[step]


@pytest.mark.parametrize("step", STEPS)
def test_check_mode_changes_nothing_and_foretells_exactly(case: Case, step: str, tmp_path: Path) -> None:
    before, wanted = prepared(case, step)
    if step == "change" and wanted is None:
        return
    with case.world(tmp_path) as world:
        for earlier in before:
            world.settle(earlier, dry_run=False)
        was = copy.deepcopy(world.state())
        foretold = world.settle(wanted, dry_run=True)
        assert world.state() == was
        done = world.settle(wanted, dry_run=False)
        assert (foretold.changed, foretold.diff) == (done.changed, done.diff)
        assert done.changed == (step in ("create", "change", "remove"))


@pytest.mark.parametrize("step", STEPS)
def test_run_again_nothing_changes(case: Case, step: str, tmp_path: Path) -> None:
    before, wanted = prepared(case, step)
    with case.world(tmp_path) as world:
        for earlier in [*before, wanted]:
            world.settle(earlier, dry_run=False)
        was = copy.deepcopy(world.state())
        again = world.settle(wanted, dry_run=False)
        assert not again.changed
        assert not again.diff["before"]
        assert not again.diff["after"]
        assert world.state() == was


@pytest.mark.parametrize("dry_run", [True, False], ids=["check mode", "run"])
def test_what_cannot_change_is_refused(case: Case, dry_run: bool, tmp_path: Path) -> None:
    with case.world(tmp_path) as world:
        world.settle(case.wanted, dry_run=False)
        was = copy.deepcopy(world.state())
        with pytest.raises(ResourceError, match="cannot change"):
            world.settle(case.refused, dry_run=dry_run)
        assert world.state() == was


def test_what_cannot_change_is_replaced_where_that_is_wished(case: Case, tmp_path: Path) -> None:
    with case.world(tmp_path) as world:
        world.settle(case.wanted, dry_run=False)
        was = copy.deepcopy(world.state())
        foretold = world.settle(case.replaced, dry_run=True)
        assert world.state() == was
        done = world.settle(case.replaced, dry_run=False)
        assert foretold.changed
        assert done.changed
        assert foretold.diff == done.diff
        was = copy.deepcopy(world.state())
        assert not world.settle(case.replaced, dry_run=False).changed
        assert world.state() == was


# Tests for which a case must have something that others need not have.
_ASKED: dict[str, Callable[[Case], Any]] = {
    "test_what_cannot_change_is_refused": lambda case: case.refused,
    "test_what_cannot_change_is_replaced_where_that_is_wished": lambda case: case.replaced,
    "test_a_replacement_that_was_interrupted_is_gone_on_with": lambda case: case.replaced,
}
