# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that wait for events, by ``wait`` and ``after``. With two servers: test_several_servers.py."""

from __future__ import annotations

import json
import statistics
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from packetd_process import Packetd
from people import Person, add_person

_CROWD = 200
_CALLS = 25
# Until a call that was sent waits in the server.
_SETTLED = 0.5


class Waiting:
    """A call that was sent, and whose answer was not read yet."""

    def __init__(self, server: Packetd, path: str) -> None:
        self._connection = HTTPConnection(urlsplit(server.api_url).netloc, timeout=90)
        self._connection.request("GET", path, headers={"X-Auth-Token": server.token})
        self._began = time.monotonic()

    def answer(self) -> tuple[int, Any]:
        response = self._connection.getresponse()
        return response.status, json.loads(response.read())

    def seconds(self) -> float:
        """Since it was sent."""
        return time.monotonic() - self._began

    def close(self) -> None:
        self._connection.close()


def make_volume(server: Packetd, project: str) -> str:
    """What is told of at once, and again by the provisioner."""
    body = {"facility": "sv15", "plan": "storage_1", "size": 10}
    status, volume = server.call("POST", f"/projects/{project}/storage", body)
    assert status == 201, volume
    return str(volume["id"])


def newest(server: Packetd, project: str) -> str:
    """The id of the latest event of a project."""
    return str(server.call("GET", f"/projects/{project}/events?per_page=1")[1]["events"][0]["id"])


def waiting(server: Packetd, project: str, *asked: str, seconds: int = 60) -> Waiting:
    """A call that waits for the next event of a project."""
    query = "&".join((f"wait={seconds}", f"after={newest(server, project)}", *asked))
    return Waiting(server, f"/projects/{project}/events?{query}")


@pytest.fixture
def volume(server: Packetd, project: str) -> str:
    """One of which nothing more is told."""
    volume = make_volume(server, project)
    server.wait(f"/storage/{volume}", lambda _status, document: document["state"] == "active")
    return volume


@pytest.mark.parametrize("path", ["/events", "/projects/{project}/events", "/storage/{volume}/events"])
def test_a_change_wakes_who_waits_for_it(server: Packetd, project: str, volume: str, path: str) -> None:
    after = newest(server, project)
    call = Waiting(server, f"{path.format(project=project, volume=volume)}?after={after}&wait=60")
    with closing(call):
        time.sleep(_SETTLED)
        changed = time.monotonic()
        assert server.call("POST", f"/storage/{volume}/snapshots")[0] in (201, 202)
        status, page = call.answer()
        assert time.monotonic() - changed < 1
    assert status == 200
    assert [event["type"] for event in page["events"]][-1] == "volume.snapshot"


def test_what_the_provisioner_tells_wakes_too(server: Packetd, project: str, order: dict[str, Any]) -> None:
    # Nine events come first, none of which is asked for.
    with closing(waiting(server, project, "type=provisioning.110")) as call:
        device = server.call("POST", f"/projects/{project}/devices", order)[1]["id"]
        status, page = call.answer()
    assert status == 200
    (event,) = page["events"]
    assert event["type"] == "provisioning.110"
    assert {"href": f"/devices/{device}"} in event["relationships"]
    assert server.call("GET", f"/devices/{device}")[1]["state"] == "active"


def test_what_happens_elsewhere_wakes_nobody(server: Packetd, project: str) -> None:
    other = server.call("POST", "/projects", {"name": "other"})[1]["id"]
    with closing(waiting(server, project, seconds=2)) as call:
        time.sleep(_SETTLED)
        make_volume(server, other)
        status, page = call.answer()
        assert 2 <= call.seconds() < 10
    assert (status, page["events"], page["meta"]["total"]) == (200, [], 0)


def test_who_has_something_to_see_does_not_wait(server: Packetd, project: str) -> None:
    with closing(Waiting(server, f"/projects/{project}/events?wait=60")) as call:
        assert call.answer()[1]["events"][0]["type"] == "project.created"
        assert call.seconds() < 10


def test_newer_ones_come_in_pages_the_latest_first(server: Packetd, project: str) -> None:
    after = newest(server, project)
    volumes = [make_volume(server, project) for _ in range(3)]
    told = f"/projects/{project}/events?after={after}&type=volume.created&per_page=2"
    first = server.call("GET", told)[1]
    second = server.call("GET", first["meta"]["next"]["href"])[1]
    assert (len(first["events"]), first["meta"]["total"], second["meta"]["next"]) == (2, 3, None)
    shown = [event["relationships"][0]["href"] for event in first["events"] + second["events"]]
    assert shown == [f"/storage/{volume}" for volume in reversed(volumes)]
    latest = server.call("GET", f"/projects/{project}/events?after={first['events'][0]['id']}")[1]
    assert "volume.created" not in [event["type"] for event in latest["events"]]


@pytest.fixture(scope="module")
def guest(server: Packetd) -> Person:
    return add_person(server, "Guest", "guests")


def test_what_is_not_the_callers_is_refused_at_once(server: Packetd, project: str, guest: Person) -> None:
    began, after = time.monotonic(), newest(server, project)
    assert guest.call("GET", f"/projects/{project}/events?wait=60&after={after}")[0] == 404
    assert guest.call("GET", f"/events?wait=60&after={after}")[0] == 422
    assert server.call("GET", f"/projects/{project}/events?wait=60", token="x" * 32)[0] == 401
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("value", ["61", "-1", "0.5", "soon", "9" * 30])
def test_a_wait_that_is_none(server: Packetd, project: str, value: str) -> None:
    status, answer = server.call("GET", f"/projects/{project}/events?wait={value}")
    assert status == 422
    assert answer["errors"] == [f"wait '{value}' is not valid; allowed are whole seconds from 0 to 60"]


@pytest.mark.parametrize("value", ["x", "00000000-0000-4000-8000-000000000000"])
def test_an_event_that_is_not_there(server: Packetd, project: str, value: str) -> None:
    status, answer = server.call("GET", f"/projects/{project}/events?wait=60&after={value}")
    assert (status, answer["errors"]) == (422, [f"after '{value}' is not the id of an event"])


def test_a_fault_strikes_before_the_wait(server: Packetd, project: str) -> None:
    fault = {"effect": "error", "status": 502, "route": "GET /projects/*/events", "times": 1}
    after = newest(server, project)
    assert server.call("POST", "/_packetd/faults", fault)[0] == 201
    with closing(Waiting(server, f"/projects/{project}/events?wait=60&after={after}")) as call:
        assert call.answer()[0] == 502
        assert call.seconds() < 10
    assert server.call("DELETE", "/_packetd/faults")[0] == 204


def test_many_that_wait_slow_nobody_and_all_are_woken(server: Packetd, project: str) -> None:
    def usual() -> float:
        """What an answer takes, to the token whose calls wait."""
        taken = []
        for _ in range(_CALLS):
            began = time.monotonic()
            assert server.call("GET", f"/projects/{project}")[0] == 200
            taken.append(time.monotonic() - began)
        return statistics.median(taken)

    after = newest(server, project)
    alone = usual()
    with ExitStack() as stack:
        calls = [
            stack.enter_context(closing(Waiting(server, f"/projects/{project}/events?wait=60&after={after}")))
            for _ in range(_CROWD)
        ]
        time.sleep(_SETTLED)
        beside = usual()
        assert beside < 4 * alone, f"{alone=:.4f} {beside=:.4f}"
        make_volume(server, project)
        for call in calls:
            status, page = call.answer()
            assert status == 200
            assert page["events"][-1]["type"] == "volume.created"
            assert call.seconds() < 50


def test_half_of_the_connections_may_wait_and_who_goes_makes_room(packetd: Packetd) -> None:
    packetd.restart("--connections", "8")
    project = packetd.call("GET", "/projects")[1]["projects"][0]["id"]
    path = f"/projects/{project}/events?wait=60&after={newest(packetd, project)}"
    with ExitStack() as stack:
        calls = [stack.enter_context(closing(Waiting(packetd, path))) for _ in range(4)]
        time.sleep(_SETTLED)
        refused = "4 calls wait for events already; try again later"
        assert packetd.call("GET", path) == (503, {"errors": [refused]})
        calls[0].close()
        # The last of two counts.
        page = packetd.wait(f"{path}&wait=1", lambda status, _page: status == 200)
    assert page["events"] == []


def test_stopping_the_server_ends_the_waits(packetd: Packetd) -> None:
    project = packetd.call("GET", "/projects")[1]["projects"][0]["id"]
    with closing(waiting(packetd, project)) as call:
        time.sleep(_SETTLED)
        began = time.monotonic()
        assert packetd.stop() == 0
        # Calls that do not end by themselves are given five seconds.
        assert time.monotonic() - began < 4
        status, page = call.answer()
    assert (status, page["events"]) == (200, [])
