# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a device's life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packetd.model.lifecycle import (
    ACTIONS,
    REACHED,
    BackOff,
    Goal,
    Installation,
    RefusedError,
    State,
    ask,
    ask_deletion,
    next_of_installation,
    provisioning_percentage,
)

NOW = datetime(2026, 1, 31, tzinfo=UTC)
states = st.sampled_from(State)


@given(states, st.sampled_from(ACTIONS), st.sampled_from(Goal))
def test_one_thing_at_a_time(state: State, action: Goal, goal: Goal) -> None:
    with pytest.raises(RefusedError, match=goal.value):
        ask(state, goal, action)


@given(states, st.sampled_from(ACTIONS))
def test_no_action_is_accepted_on_the_way(state: State, action: Goal) -> None:
    if state not in {State.ACTIVE, State.INACTIVE, State.FAILED}:
        with pytest.raises(RefusedError, match=state.value):
            ask(state, None, action)


@given(st.sampled_from(ACTIONS))
def test_every_action_is_accepted_somewhere(action: Goal) -> None:
    working = {State.POWERING_ON, State.POWERING_OFF, State.REINSTALLING, State.ACTIVE}
    source = State.INACTIVE if action is Goal.POWER_ON else State.ACTIVE
    assert ask(source, None, action) in working
    assert REACHED[action] in {State.ACTIVE, State.INACTIVE}


@given(states, st.booleans())
def test_a_locked_device_is_never_deleted(state: State, force: bool) -> None:
    with pytest.raises(RefusedError, match="Cannot delete a locked item"):
        ask_deletion(state, locked=True, force=force)


@given(states)
def test_force_deletes_whatever_is_not_locked(state: State) -> None:
    assert ask_deletion(state, locked=False, force=True) is State.DEPROVISIONING


def test_deleting_while_provisioning_needs_force() -> None:
    with pytest.raises(RefusedError, match="Cannot delete a device while it is provisioning"):
        ask_deletion(State.PROVISIONING, locked=False, force=False)


@given(installed=st.booleans(), phoned=st.booleans(), late=st.booleans())
def test_an_installation_ends(installed: bool, phoned: bool, late: bool) -> None:
    deadline = NOW + timedelta(seconds=-1 if late else 1)
    step = next_of_installation(installed=installed, phoned_home=phoned, deadline=deadline, now=NOW)
    if installed and phoned:
        assert step is Installation.FINISH
    elif installed:
        assert step is (Installation.EXPIRE if late else Installation.WAIT)
    else:
        assert step is Installation.MAKE


@given(states, st.integers(0, 10))
def test_percentage(state: State, progress: int) -> None:
    found = provisioning_percentage(state, progress)
    assert found == (10.0 * progress if state in (State.QUEUED, State.PROVISIONING) else None)


@given(st.integers(1, 10_000))
def test_waits_grow_up_to_a_bound(attempts: int) -> None:
    wait = BackOff()
    assert wait.first <= wait.after(attempts) <= wait.after(attempts + 1) <= wait.longest
