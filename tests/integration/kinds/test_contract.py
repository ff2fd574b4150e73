# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every Kind, for those of the Packet API over packetd."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract import (
    put_cases,
    test_check_mode_changes_nothing_and_foretells_exactly,
    test_run_again_nothing_changes,
    test_what_cannot_change_is_refused,
    test_what_cannot_change_is_replaced_where_that_is_wished,
)

__all__ = [
    "test_check_mode_changes_nothing_and_foretells_exactly",
    "test_run_again_nothing_changes",
    "test_what_cannot_change_is_refused",
    "test_what_cannot_change_is_replaced_where_that_is_wished",
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    put_cases(metafunc, Path(__file__).parent)
