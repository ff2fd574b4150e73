# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases that schemathesis makes of our OpenAPI document, sent to a packetd that has something in it.

What conforms to the document and what does not is sent alike. Much of it would end at 404 or at the first
field that is wrong, so that ids and values are replaced by real ones here and there.
"""

from __future__ import annotations

import os
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import Any

import requests
import schemathesis
from furnished import Furnished
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from packetd_process import Packetd
from people import add_person
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from packetd import api
from packetd.api import openapi

# Whether data is refused is no check: packetd reads on purpose what the document does not recommend.
_CONFORMANCE = [status_code_conformance, content_type_conformance, response_schema_conformance]
_CHECKS = [not_a_server_error, *_CONFORMANCE]
# Negative data takes four times as long to make.
_POSITIVE_SHARE = 0.8
# Of ten bodies, those that have nothing but fields with real values.
_SOUND = 4
_SHOWN = 5
# A case that waits for an event is answered when this is over.
_LONGEST_WAIT = 1

# What is accepted is gone.
_ONCE = ("/transfers/{id}",)
# A sound order for which there is no machine or address is answered with 503, as clients expect.
_ORDERS = ("POST /projects/{id}/devices", "POST /projects/{id}/devices/batch", "POST /projects/{id}/ips")
_EXHAUSTED = 503
# Of these there is nothing that could be asked for, so that all answers are 404.
_NOTHING = ("/licenses/", "/notifications/", "/self-service/reservations/")


@cache
def operations() -> dict[str, Any]:
    """What schemathesis knows of each operation, by "GET /devices/{id}"."""
    schema = schemathesis.openapi.from_dict(openapi.document(api.api_routes(), "/"))
    # Without a token there is nothing but 401.
    schema.config.generation.update(with_security_parameters=False)
    return {operation.ok().label: operation.ok() for operation in schema.get_all_operations()}


def labels(*methods: str) -> list[str]:
    """The operations with these methods, or all."""
    return [label for label in operations() if not methods or label.split()[0] in methods]


def chosen_seed() -> int:
    """The same in every run, unless FUZZ_SEED is another one."""
    return int(os.environ.get("FUZZ_SEED", "1"))


def random_seed() -> int:
    """For runs that look for what no other run has found; FUZZ_SEED repeats one of them."""
    return int(os.environ.get("FUZZ_SEED", random.getrandbits(32)))


class Fuzz:
    """A server, and what it was sent."""

    def __init__(self, server: Packetd, *, anew: bool) -> None:
        """``anew``: whether what was deleted is made again for the next operation."""
        self._server, self._anew = server, anew
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-Auth-Token"] = server.token
        self._guest = add_person(server, "guest")
        self._hardware = _hardware(server)
        self._present: Furnished | None = None
        self._use = ""
        self.statuses: dict[str, Counter[int]] = {}

    @property
    def sent(self) -> int:
        """How many cases, without those that capacity which ran out kept from being tried."""
        return sum(statuses.total() - statuses[_EXHAUSTED] for statuses in self.statuses.values())

    @property
    def never_found(self) -> list[str]:
        """The operations that answered nothing but 404, though they could have."""
        return [
            label
            for label, statuses in self.statuses.items()
            if set(statuses) == {404} and not any(part in label for part in _NOTHING)
        ]

    def run(self, label: str, cases: int, first_seed: int) -> None:
        """Send cases of an operation; raises AssertionError with the failures, when all were sent."""
        operation, furnished = operations()[label], self._furnished(label)
        failures: list[str] = []
        for mode, number in _modes(operation, cases):
            # Failures are collected, as a shrunk case would meet a server that has changed since.
            @seed(first_seed ^ zlib.crc32(f"{label} {mode.value}".encode()))
            @settings(
                max_examples=number,
                phases=[Phase.generate],
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=_cases(operation, mode, furnished))
            def send(case: Case) -> None:
                failures.extend(self._send(label, case))

            send()
        assert not failures, f"seed {first_seed}, {len(failures)} failures:\n" + "\n".join(failures[:_SHOWN])

    def _send(self, label: str, case: Case) -> Iterator[str]:
        answer = case.call(base_url=self._server.api_url, session=self._session, timeout=60)
        self.statuses.setdefault(label, Counter())[answer.status_code] += 1
        exhausted = (
            label in _ORDERS and answer.status_code == _EXHAUSTED and b'"There are no ' in answer.content
        )
        try:
            case.validate_response(answer, checks=_CONFORMANCE if exhausted else _CHECKS)
        except FailureGroup as group:
            yield str(group)

    def _furnished(self, label: str) -> Furnished:
        """Something to work on: made anew where it is used up, and for each resource that is changed."""
        method, path = label.split()
        once = method == "DELETE" or path in _ONCE
        use = label if once else path.split("/")[1]
        if self._present is None or (self._anew and method != "GET" and use != self._use):
            self._present = Furnished(self._server, self._session, self._guest, self._hardware)
        self._use = use
        return self._present


def _modes(operation: Any, cases: int) -> list[tuple[GenerationMode, int]]:
    """How many cases of each kind; what takes only ids, and those are any text, cannot be violated."""
    if not operation.query and not operation.body:
        return [(GenerationMode.POSITIVE, cases)]
    positive = round(cases * _POSITIVE_SHARE)
    return [(GenerationMode.POSITIVE, positive), (GenerationMode.NEGATIVE, cases - positive)]


def _hardware(server: Packetd) -> list[str]:
    """Reservations of hardware, in a project of their own."""
    status, project = server.call("POST", "/projects", {"name": "hardware"})
    assert status == 201, project
    where = ("--project", project["id"], "--plan", "c3.small.x86", "--facility", "sv15")
    made = [server.command("hardware", "add", *where, *options) for options in ((), ("--spare",))]
    assert all(each.returncode == 0 for each in made), made
    return [each.stdout.strip() for each in made]


@contextmanager
def fuzzed(server: Packetd, *, anew: bool = True) -> Iterator[Fuzz]:
    """A server while it is fuzzed, whose log must be clean in the end."""
    server.start()
    yield Fuzz(server, anew=anew)
    server.stop()
    log = server.log.read_text()
    assert "Traceback" not in log, log


@st.composite
def _cases(draw: st.DrawFn, operation: Any, mode: GenerationMode, furnished: Furnished) -> Case:
    """A case with real ids in its path mostly, and real values in its query and body often."""
    case: Case = draw(operation.as_strategy(generation_mode=mode))
    segments = case.path.split("/")
    for before, segment in pairwise(segments):
        known = furnished.ids.get(before, [])
        if segment.startswith("{") and known and draw(st.integers(0, 9)) < 8:
            case.path_parameters[segment.strip("{}")] = draw(st.sampled_from(known))
    case.query = _with_values(draw, case.query, furnished.values)
    _shorten_wait(case.query)
    if isinstance(case.body, dict) and draw(st.integers(0, 9)) < _SOUND:
        case.body = {
            name: draw(st.sampled_from(furnished.values[name]))
            for name in case.body
            if name in furnished.values
        }
    else:
        case.body = _with_values(draw, case.body, furnished.values)
    return case


def _shorten_wait(query: Any) -> None:
    wait = query.get("wait") if isinstance(query, dict) else None
    if isinstance(wait, str) and re.fullmatch("[0-9]{1,12}", wait):
        query["wait"] = str(min(int(wait), _LONGEST_WAIT))


def _with_values(draw: st.DrawFn, document: Any, values: dict[str, list[Any]]) -> Any:
    """The document with the values that some fields may really have."""
    if isinstance(document, list):
        return [_with_values(draw, item, values) for item in document]
    if not isinstance(document, dict):
        return document
    return {name: _value(draw, value, values.get(name, ()), values) for name, value in document.items()}


def _value(draw: st.DrawFn, present: Any, known: Sequence[Any], values: dict[str, list[Any]]) -> Any:
    if known and draw(st.booleans()):
        return draw(st.sampled_from(known))
    return _with_values(draw, present, values)
