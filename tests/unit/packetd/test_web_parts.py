# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the pages that need no server: sessions, how long ago something was, examples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from packetd.api import api_routes, openapi
from packetd.model.moments import moment
from packetd.web import sessions
from packetd.web.reference import Operation, arranged
from packetd.web.rendering import age, render
from packetd.web.sessions import Sessions


def test_a_session_is_found_until_it_is_ended() -> None:
    known = Sessions()
    first, second = known.begin("digest", "Ann"), known.begin("digest", "Ann")
    assert first != second
    known.end(first)
    known.end(first)
    assert known.find(first) is None
    found = known.find(second)
    assert found is not None
    assert (found.digest, found.name) == ("digest", "Ann")
    assert known.find("") is None


def test_a_session_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Sessions()
    id_ = known.begin("digest", "Ann")
    begun = sessions.time.monotonic()
    monkeypatch.setattr(sessions.time, "monotonic", lambda: begun + 11 * 3600)
    assert known.find(id_) is not None
    monkeypatch.setattr(sessions.time, "monotonic", lambda: begun + 13 * 3600)
    assert known.find(id_) is None


def test_there_are_only_so_many_sessions() -> None:
    known = Sessions()
    first, *_, last = [known.begin("digest", "Ann") for _ in range(1001)]
    assert known.find(first) is None
    assert known.find(last) is not None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (61, "1 min"), (3700, "1 h"), (90_000, "25 h"), (300_000, "3 d")],
)
def test_how_long_ago(seconds: int, said: str) -> None:
    text = moment(datetime.now(UTC) - timedelta(seconds=seconds))
    assert text is not None
    assert age(text) in (said, said.replace("59 s", "1 min"))


def test_the_reference_tells_every_field_once() -> None:
    told = arranged(openapi.document(api_routes(), "/"))
    calls: dict[str, Operation] = {
        operation.id: operation for operations in told["groups"].values() for operation in operations
    }
    create = calls["devices.create"]
    assert (create.method, create.path) == ("POST", "/projects/{id}/devices")
    assert [entry.name for entry in create.parameters] == ["id"]
    assert create.common == ["include", "exclude"]
    assert [entry.name for entry in create.fields if entry.required] == [
        "hostname",
        "plan",
        "operating_system",
    ]
    assert create.example == (
        'curl --header @<(echo "X-Auth-Token: $PACKET_API_TOKEN") --json '
        """'{"hostname": "HOSTNAME", "plan": "PLAN", "operating_system": "OPERATING_SYSTEM"}' """
        '"$PACKET_API_URL/projects/ID/devices"'
    )
    for operation in calls.values():
        names = [entry.name for entry in operation.fields]
        assert len(names) == len(set(names)), operation.id


def test_what_the_document_says_is_text() -> None:
    hostile = "<script>alert(1)</script>"
    operation = {
        "operationId": hostile,
        "summary": hostile,
        "tags": [hostile],
        "parameters": [],
        "responses": {},
    }
    objects = {"Thing": {"description": hostile, "properties": {hostile: {"type": hostile}}}}
    document = {"paths": {f"/{hostile}": {"get": operation}}, "components": {"schemas": objects}}
    page = render("reference.html", arranged(document))
    assert "<script" not in page
    assert page.count("&lt;script") >= 6
