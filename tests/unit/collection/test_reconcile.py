# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every Kind, and what holds for the rules that they share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    plan,
    plan_all,
)
from contract import (
    put_cases,
    test_check_mode_changes_nothing_and_foretells_exactly,
    test_run_again_nothing_changes,
    test_what_cannot_change_is_refused,
)
from hypothesis import given
from hypothesis import strategies as st

__all__ = [
    "test_check_mode_changes_nothing_and_foretells_exactly",
    "test_run_again_nothing_changes",
    "test_what_cannot_change_is_refused",
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    put_cases(metafunc, Path(__file__).parent)


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
