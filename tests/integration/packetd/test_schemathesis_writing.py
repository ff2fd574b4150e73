# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is written, by the OpenAPI document or against it: never a 5xx, and the document holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from document_cases import Fuzz, chosen_seed, fuzzed, labels, random_seed
from packetd_process import Packetd

LABELS = labels("POST", "PUT", "PATCH", "DELETE")
# More than for what is read, as some operations have less to vary.
CASES = 56
# Half of what is promised; test_schemathesis_reading.py sends the other.
ENOUGH = 5_000


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzz]:
    with fuzzed(Packetd(tmp_path_factory.mktemp("server") / "packetd")) as fuzz:
        yield fuzz


@pytest.mark.parametrize("label", LABELS)
def test_operation(fuzz: Fuzz, label: str) -> None:
    fuzz.run(label, CASES, chosen_seed())


def test_enough_was_sent(fuzz: Fuzz) -> None:
    assert fuzz.sent >= ENOUGH
    assert fuzz.never_found == []


@pytest.mark.soak
@pytest.mark.parametrize("label", LABELS)
def test_operation_at_length(fuzz: Fuzz, label: str) -> None:
    fuzz.run(label, 10 * CASES, random_seed())
