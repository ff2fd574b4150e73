# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the control planes' address goes: pure rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controllers.cloud.endpoint import holder

devices = st.sampled_from(["a", "b", "c"])
health = st.dictionaries(devices, st.sampled_from([True, False, None]))


@given(st.none() | devices, health)
def test_who_has_it_keeps_it_unless_it_is_known_to_be_bad(
    present: str | None, ready: dict[str, bool | None]
) -> None:
    after = holder(present, ready)
    if present in ready and ready[present] is not False:
        assert after == present
    elif True in ready.values():
        assert after is not None
        assert ready[after] is True
    else:
        assert after == present


@given(st.none() | devices, health)
def test_it_does_not_wander(present: str | None, ready: dict[str, bool | None]) -> None:
    after = holder(present, ready)
    assert holder(after, ready) == after
