# SPDX-License-Identifier: GPL-3.0-or-later
"""Descriptions of faults: what they match, and at which occasions they strike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packetd.model.faults import KINDS, CallFault, DeviceFault, FaultError, describe, options, settings


def of(**values: Any) -> Any:
    return describe(values, seed=7)


@pytest.mark.parametrize(
    ("route", "method", "path", "matches"),
    [
        ("* **", "DELETE", "/anything/at/all", True),
        ("POST /projects/*/devices", "POST", "/projects/1/devices", True),
        ("POST /projects/*/devices", "GET", "/projects/1/devices", False),
        ("POST /projects/*/devices", "POST", "/projects/1/devices/batch", False),
        ("POST /projects/*/devices", "POST", "/projects/1/2/devices", False),
        ("GET /projects/**", "GET", "/projects/1/2/3", True),
        ("GET /projects/**", "GET", "/projects", False),
        ("* /ips/*", "PATCH", "/ips/7", True),
        ("GET /a.c", "GET", "/abc", False),
    ],
)
def test_routes(route: str, method: str, path: str, matches: bool) -> None:
    assert of(effect="drop", route=route).matches(method, path) is matches


@pytest.mark.parametrize(
    ("where", "matches"),
    [
        ({}, True),
        ({"hostname": "worker-*"}, True),
        ({"hostname": "worker"}, False),
        ({"hostname": "worker-*", "plan": "baremetal_0"}, False),
        ({"metro": "s[vx]"}, True),
        ({"metro": "SV"}, False),
    ],
)
def test_devices(where: dict[str, str], matches: bool) -> None:
    assert of(effect="capacity", **where).matches("worker-1", "c3.small.x86", "sv") is matches


@given(every=st.integers(1, 9), occasions=st.integers(0, 100))
def test_every_nth(every: int, occasions: int) -> None:
    fault = of(effect="drop", every=every)
    struck = [number for number in range(1, occasions + 1) if fault.strikes(number)]
    assert struck == list(range(every, occasions + 1, every))


@given(probability=st.floats(0.01, 0.99), seed=st.integers(0, 2**31 - 1))
def test_probability_is_the_seeds(probability: float, seed: int) -> None:
    faults = [of(effect="drop", probability=probability, seed=seed) for _ in range(2)]
    first, second = ([fault.strikes(number) for number in range(1, 401)] for fault in faults)
    assert first == second
    # Six standard deviations.
    assert abs(sum(first) - 400 * probability) <= 6 * (400 * probability * (1 - probability)) ** 0.5 + 1


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "latency, rate-limit"),
        ({"effect": ["drop"]}, "allowed are"),
        ({"effect": "explode"}, "explode"),
        ({"effect": "latency"}, "seconds"),
        ({"effect": "latency", "seconds": -1}, "seconds"),
        ({"effect": "latency", "seconds": "long"}, "seconds"),
        ({"effect": "error", "status": 404}, "status"),
        ({"effect": "rate-limit", "status": 500}, "status"),
        ({"effect": "drop", "at": "noon"}, "at"),
        ({"effect": "drop", "route": "/projects"}, "route"),
        ({"effect": "drop", "probability": 0}, "probability"),
        ({"effect": "drop", "times": 0}, "times"),
        ({"effect": "drop", "hostname": "*"}, "hostname"),
        ({"effect": "capacity", "route": "* **"}, "route"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], word: str) -> None:
    with pytest.raises(FaultError, match=word):
        describe(values, seed=0)


def test_settings_are_what_is_special() -> None:
    assert settings(of(effect="drop")) == {}
    assert settings(of(effect="latency", seconds="2", probability="0.5")) == {
        "seconds": 2.0,
        "probability": 0.5,
        "seed": 7,
    }


def test_every_kind_says_what_it_is_and_what_it_takes() -> None:
    for kind in KINDS.values():
        assert issubclass(kind, CallFault | DeviceFault)
        assert kind.__doc__
        assert all(option.help for option in options(kind))
