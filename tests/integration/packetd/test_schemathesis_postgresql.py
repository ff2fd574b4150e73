# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL refuses values that SQLite takes: those are the client's mistake too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from document_cases import Fuzz, chosen_seed, fuzzed, labels, random_seed
from packetd_process import Packetd
from postgresql_process import PASSWORD, PostgreSQL

# What is deleted takes other things with it, so these come last, and the large ones at the very end.
LABELS = [*labels("GET"), *labels("POST", "PUT", "PATCH"), *reversed(labels("DELETE"))]
CASES = 8
ENOUGH = 1_500


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL) -> Iterator[Fuzz]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", PASSWORD)
        state = tmp_path_factory.mktemp("server") / "packetd"
        with fuzzed(Packetd(state, "--database", postgresql.database()), anew=False) as fuzz:
            yield fuzz


@pytest.mark.parametrize("label", LABELS)
def test_operation(fuzz: Fuzz, label: str) -> None:
    fuzz.run(label, CASES, chosen_seed())


def test_enough_was_sent(fuzz: Fuzz) -> None:
    assert fuzz.sent >= ENOUGH


@pytest.mark.soak
@pytest.mark.parametrize("label", LABELS)
def test_operation_at_length(fuzz: Fuzz, label: str) -> None:
    fuzz.run(label, 10 * CASES, random_seed())
