# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every Kind, and what holds for the rules that they share."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    ResourceError,
    plan,
    plan_all,
)
from hypothesis import given
from hypothesis import strategies as st
from kinds import Case, cases

STEPS = ["create", "change", "remove", "nothing", "remove nothing"]


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
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
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
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
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
@pytest.mark.parametrize("case", [case for case in cases() if case.refused], ids=lambda case: case.name)
def test_what_cannot_change_is_refused(case: Case, dry_run: bool, tmp_path: Path) -> None:
    with case.world(tmp_path) as world:
        world.settle(case.wanted, dry_run=False)
        was = copy.deepcopy(world.state())
        with pytest.raises(ResourceError, match="cannot change"):
            world.settle(case.refused, dry_run=dry_run)
        assert world.state() == was


values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=3)
    | st.lists(st.text(max_size=2), max_size=3)
)
objects = st.dictionaries(st.sampled_from("abcde"), values)
fleets = st.dictionaries(st.sampled_from("xyz"), objects)


@given(objects, objects)
def test_taking_the_planned_step_leaves_nothing_to_plan(
    found: dict[str, Any], wanted: dict[str, Any]
) -> None:
    step = plan(found, wanted)
    assert step.after is not None
    assert not plan(step.after, wanted).changed


@given(objects)
def test_none_leaves_an_attribute_as_it_is(found: dict[str, Any]) -> None:
    assert not plan(found, dict.fromkeys("abcde")).changed


@given(objects, objects)
def test_only_what_differs_is_changed_and_shown(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    step = plan(found, wanted)
    assert step.changes.keys() == step.diff["before"].keys() == step.diff["after"].keys()
    assert all(found.get(name) != value == wanted[name] for name, value in step.changes.items())


@given(st.none() | objects)
def test_what_shall_not_be_is_removed_if_it_is(found: dict[str, Any] | None) -> None:
    step = plan(found, None)
    assert step.after is None
    assert step.changed == (found is not None)


@given(st.lists(st.text(max_size=2)), st.randoms())
def test_equal_in_normal_form_is_no_change(tags: list[str], random: Any) -> None:
    shuffled = random.sample(tags, len(tags))
    assert not plan({"tags": tags}, {"tags": shuffled}, {"tags": sorted}).changed


@given(fleets, fleets)
def test_a_fleet_becomes_what_is_wanted_of_it(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    steps = plan_all(found, wanted)
    assert steps.keys() == found.keys() | wanted.keys()
    after = {key: step.after for key, step in steps.items() if step.after is not None}
    assert list(after) == list(wanted)
    assert not any(step.changed for step in plan_all(after, wanted).values())
