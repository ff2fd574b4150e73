# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every Kind, and what holds for the rules that they share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Attributes,
    Plan,
    ResourceError,
    plan,
    plan_all,
    reconcile,
    reconcile_all,
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


class Thing:
    """A Kind in memory, whose size is fixed once it is there."""

    name = "thing"
    immutable = frozenset({"size"})
    normalise: ClassVar[dict[str, Any]] = {}

    def __init__(self, found: Attributes | None, replace: bool = True) -> None:
        self.replace = replace
        self.there = found
        self.done: list[str] = []
        self.checked: list[Plan] = []

    def find(self) -> Attributes | None:
        return self.there

    def check(self, step: Plan) -> None:
        self.checked.append(step)

    def create(self, wanted: Attributes) -> Attributes:
        self.done.append(f"create {wanted}")
        self.there = {"id": 2, **wanted}
        return self.there

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        self.done.append(f"update {changes}")
        self.there = {**found, **changes}
        return self.there

    def delete(self, found: Attributes) -> None:
        self.done.append(f"delete {found['id']}")
        self.there = None


OLD = {"id": 1, "size": 10, "tags": ["a"]}
NEW = {"size": 20, "tags": None}


def test_a_replacement_removes_first_and_then_makes_what_is_asked() -> None:
    thing = Thing(OLD)
    step = reconcile(thing, NEW, dry_run=False)
    assert thing.done == ["delete 1", "create {'size': 20}"]
    assert step == Plan(OLD, {"id": 2, "size": 20}, {"size": 20}, replaced=True)
    assert step.diff == {"before": OLD, "after": {"size": 20}}
    assert not reconcile(thing, NEW, dry_run=False).changed


def test_a_replacement_is_foretold_and_checked() -> None:
    thing = Thing(OLD)
    step = reconcile(thing, NEW, dry_run=True)
    assert (step.changed, step.diff) == (True, {"before": OLD, "after": {"size": 20}})
    assert not thing.done
    assert thing.checked == [step]


def test_what_can_change_in_place_is_not_replaced() -> None:
    thing = Thing(OLD)
    step = reconcile(thing, {"size": 10, "tags": ["b"]}, dry_run=False)
    assert thing.done == ["update {'tags': ['b']}"]
    assert not step.replaced
    assert step.after == {"id": 1, "size": 10, "tags": ["b"]}


def test_without_the_wish_the_error_names_it() -> None:
    with pytest.raises(
        ResourceError, match=r"thing 1: cannot change size \(is 10, wanted 20\).* replace: true"
    ):
        reconcile(Thing(OLD, replace=False), NEW, dry_run=False)


class Things:
    """A Fleet in memory."""

    name = "thing"
    immutable = frozenset({"size"})
    normalise: ClassVar[dict[str, Any]] = {"tags": sorted}
    replace = True

    def __init__(self, **found: Attributes) -> None:
        self.there: dict[str, Attributes] = found
        self.done: list[str] = []

    def find(self) -> dict[str, Attributes]:
        return dict(self.there)

    def check(self, steps: Mapping[str, Plan]) -> None:
        pass

    def create(self, wanted: Mapping[str, Attributes]) -> dict[str, Attributes]:
        self.done.append(f"create {' '.join(wanted)}")
        return {key: {"id": 2, **attributes} for key, attributes in wanted.items()}

    def update(
        self, found: Mapping[str, Attributes], changes: Mapping[str, Attributes]
    ) -> dict[str, Attributes]:
        self.done.append(f"update {' '.join(changes)}")
        return {key: {**found[key], **changes[key]} for key in changes}

    def delete(self, found: Mapping[str, Attributes]) -> None:
        self.done.append(f"delete {' '.join(found)}")

    def settle(self, present: Mapping[str, Attributes]) -> Mapping[str, Attributes]:
        return present


def test_in_a_fleet_too_things_are_compared_in_the_form_in_which_equal_ones_are() -> None:
    things = Things(a={"id": 1, "tags": ["a", "b"]})
    assert not reconcile_all(things, {"a": {"tags": ["b", "a"]}}, dry_run=False).changed
    assert things.done == []


def test_of_a_fleet_just_what_needs_it_is_replaced() -> None:
    things = Things(a=OLD, b=OLD, c=OLD)
    wanted = {"a": {"size": 20}, "b": {"size": 10, "tags": ["b"]}, "d": {"size": 5}}
    plans = reconcile_all(things, wanted, dry_run=False)
    assert things.done == ["delete a c", "update b", "create a d"]
    assert plans.after == {
        "a": {"id": 2, "size": 20},
        "b": {"id": 1, "size": 10, "tags": ["b"]},
        "d": {"id": 2, "size": 5},
    }
    assert plans.diff == {
        "before": {"a": OLD, "b": {"tags": ["a"]}, "c": OLD},
        "after": {"a": {"size": 20}, "b": {"tags": ["b"]}, "d": {"size": 5}},
    }
