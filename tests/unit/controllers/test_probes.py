# SPDX-License-Identifier: GPL-3.0-or-later
"""One lost answer changes no mind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controllers.runtime.probes import Pace, Probes

URL = "http://127.0.0.1:1/healthz"


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_mind_is_changed_by_as_many_answers_in_a_row_as_its_pace_says(answers: list[bool]) -> None:
    pace = Pace(fall=3, rise=2)
    changes: list[None] = []
    probes = Probes(lambda: changes.append(None), pace=pace)
    thought, against = None, 0
    for answer in answers:
        probes.note(URL, answer)
        against = 0 if answer is thought else against + 1
        if thought is None or against >= (pace.rise if answer else pace.fall):
            thought, against = answer, 0
        assert probes.healthy(URL) is thought
