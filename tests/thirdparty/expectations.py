# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of others have to do: pass, but for those that cannot_pass.yaml gives a reason for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
import yaml
from _pytest.mark import ParameterSet


class ThirdPartyError(AssertionError):
    """What somebody else's test says; nothing else excuses a test that is listed."""


def cases(suite: str, names: Iterable[str]) -> list[ParameterSet]:
    """A parameter for each name, which has to fail if it is listed, and to pass otherwise."""
    reasons = _cannot_pass()[suite]
    names = list(names)
    if unknown := sorted(set(reasons) - set(names)):
        raise pytest.UsageError(f"cannot_pass.yaml: {suite} has no {', '.join(unknown)}")
    return [pytest.param(name, id=name, marks=_marks(reasons.get(name))) for name in names]


def _marks(reason: str | None) -> list[pytest.MarkDecorator]:
    if reason is None:
        return []
    return [pytest.mark.xfail(strict=True, raises=ThirdPartyError, reason=reason)]


@cache
def _cannot_pass() -> dict[str, dict[str, str]]:
    reasons: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_name("cannot_pass.yaml").read_text()
    )
    return reasons
