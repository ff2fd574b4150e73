# SPDX-License-Identifier: GPL-3.0-or-later
"""Crowds of orders, which are handled together: each has the answer that it would have had alone.

Most of it is in one process, where those who come at once surely meet.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_process import InProcess
from packetd_process import Packetd
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from packetd.store import Store
from packetd.store.tables import HardwareReservation, Stock

_PLACE: dict[str, Any] = {"plan": "c3.small.x86", "operating_system": "debian_12", "facility": "sv15"}
_SCARCE = "x1.small.x86"
# How many there are of what is scarce.
_LEFT = 2
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9 one"
_PRIVATE = {"address_family": 4, "public": False}
_CLIENTS = 16
_LOST = (urllib.error.URLError, http.client.HTTPException, ConnectionError, FileNotFoundError, TimeoutError)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[InProcess]:
    url = f"sqlite:///{tmp_path}/packetd.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("database")
    made = InProcess(tmp_path, Store(url))
    yield made
    made.close()


def order(name: str, **wishes: Any) -> dict[str, Any]:
    return {**_PLACE, "hostname": name, **wishes}


def orders(count: int) -> list[dict[str, Any]]:
    return [order(f"n{number}") for number in range(count)]


class Shop:
    """A project, and few of some things."""

    def __init__(self, server: InProcess) -> None:
        self.server = server
        self.project = server.make("/projects", {"name": "p"})["id"]
        self.path = f"/projects/{self.project}/devices"
        block = {"type": "public_ipv4", "quantity": _LEFT, "facility": "sv15"}
        self.block = server.make(f"/projects/{self.project}/ips", block)["id"]
        with server.store.write() as session:
            session.merge(Stock(plan=_SCARCE, facility="sv15", servers=_LEFT + self._sold()))
            place = {"plan": _PLACE["plan"], "facility": "sv15"}
            session.add_all(HardwareReservation(project_id=self.project, **place) for _ in range(_LEFT))

    def _sold(self) -> int:
        """Of what is scarce, to other projects."""
        projects = self.server.call("GET", "/projects?per_page=1000")[1]["projects"]
        pages = [self.server.call("GET", f"/projects/{project['id']}/devices")[1] for project in projects]
        return sum(device["plan"]["slug"] == _SCARCE for page in pages for device in page["devices"])

    def order(self, kind: str, number: int) -> Any:
        """One of what can be had, of what is scarce, or of what nobody can have: its kind begins with no."""
        name = f"{kind}-{number}"
        elastic = {"address_family": 4, "public": True, "cidr": 32, "ip_reservations": [self.block]}
        return {
            "plain": order(name),
            "with-key": order(name, ssh_keys=[{"label": name, "key": _KEY}]),
            "private": order(name, ip_addresses=[_PRIVATE]),
            "scarce": order(name, plan=_SCARCE),
            "elastic": order(name, ip_addresses=[_PRIVATE, elastic]),
            "reserved": order(name, hardware_reservation_id="next-available"),
            "no-name": order("-"),
            "no-plan": order(name, plan="c9.huge"),
            "no-key": order(name, ssh_keys=[{"key": _KEY}], project_ssh_keys=["nobody's"]),
            "no-reservation": order(name, hardware_reservation_id="nobody's"),
            "no-object": [],
        }[kind]

    def devices(self) -> list[Any]:
        status, page = self.server.call("GET", f"{self.path}?per_page=1000")
        assert status == 200
        return list(page["devices"])


_SCARCE_KINDS = ("scarce", "elastic", "reserved")
_KINDS = ("plain", "with-key", "private", *_SCARCE_KINDS)
_REFUSED_KINDS = ("no-name", "no-plan", "no-key", "no-reservation", "no-object")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from(_KINDS + _REFUSED_KINDS), min_size=2, max_size=24))
def test_each_of_a_crowd_gets_its_own_answer(site: InProcess, kinds: list[str]) -> None:
    shop = Shop(site)
    wanted = [shop.order(kind, number) for number, kind in enumerate(kinds)]
    answers = site.call_at_once("POST", shop.path, wanted)
    accepted, had = {}, Counter[str]()
    for kind, body, (status, answer) in zip(kinds, wanted, answers, strict=True):
        if status == 201:
            assert answer["hostname"] == body["hostname"]
            accepted[answer["id"]] = answer
            had[kind] += 1
        else:
            # Still so: what was left, others have.
            assert (status, answer) == site.call("POST", shop.path, body)
    count = Counter(kinds)
    for kind in _KINDS + _REFUSED_KINDS:
        most = 0 if kind in _REFUSED_KINDS else _LEFT if kind in _SCARCE_KINDS else len(kinds)
        assert had[kind] == min(count[kind], most), kind
    # What was acknowledged is there, as it was told, and nothing else is.
    found = shop.devices()
    assert {device["id"]: device for device in found} == accepted
    check_addresses(found)
    keys = site.call("GET", f"/projects/{shop.project}/ssh-keys")[1]["ssh_keys"]
    assert len(keys) == had["with-key"]


def check_addresses(devices: list[Any]) -> None:
    addresses = [ip["address"] for device in devices for ip in device["ip_addresses"]]
    assert len(addresses) == len(set(addresses))


def test_a_crowd_is_stored_in_few_transactions(site: InProcess) -> None:
    shop, commits = Shop(site), list[Any]()
    event.listen(site.store._engine, "commit", commits.append)
    answers = site.call_at_once("POST", shop.path, orders(33))
    # One, sixteen and sixteen.
    assert len(commits) == 3
    assert [(status, device["hostname"]) for status, device in answers] == [
        (201, f"n{number}") for number in range(33)
    ]
    check_addresses(shop.devices())


def test_each_is_shown_as_it_asked(site: InProcess) -> None:
    shop = Shop(site)
    shown = site.call_at_once("POST", f"/metal/v1{shop.path}?include=project&exclude=plan", orders(3))
    for status, device in shown:
        assert status == 201
        assert device["href"] == f"/metal/v1/devices/{device['id']}"
        assert device["project"]["name"] == "p"
        assert list(device["plan"]) == ["href"]


def test_a_fault_strikes_as_often_as_it_shall(site: InProcess) -> None:
    shop = Shop(site)
    fault = site.context.faults.add({"effect": "capacity", "times": 3})
    answers = site.call_at_once("POST", shop.path, orders(20))
    assert Counter(status for status, _ in answers) == {201: 17, 503: 3}
    assert fault.fired == 3
    assert len(shop.devices()) == 17


@pytest.mark.parametrize(
    ("path", "token", "answer"),
    [
        ("{path}", "nobody's", (401, ["Invalid authentication token"])),
        ("{path}", "read only", (403, ["This API token is read-only"])),
        ("/projects/nothing/devices", None, (404, ["Not found"])),
    ],
)
def test_who_may_not_is_told_so(
    site: InProcess, path: str, token: str | None, answer: tuple[int, list[str]]
) -> None:
    shop = Shop(site)
    if token == "read only":
        token = site.make("/user/api-keys", {"description": "r", "read_only": True})["token"]
    answers = site.call_at_once("POST", path.format(path=shop.path), orders(9), token)
    assert [(status, told["errors"]) for status, told in answers] == [answer] * 9
    assert shop.devices() == []


def test_nothing_is_done_twice_when_nobody_knows_whether_it_was_done(
    site: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, commit = Shop(site), Session.commit

    def lose_the_answer(session: Session) -> None:
        commit(session)
        raise OperationalError("COMMIT", {}, Exception("the connection is lost"))

    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", lose_the_answer)
        answers = site.call_at_once("POST", shop.path, orders(9))
    assert answers == [(503, {"errors": ["The database does not answer; try again"]})] * 9
    assert sorted(device["hostname"] for device in shop.devices()) == [f"n{number}" for number in range(9)]


def test_what_was_acknowledged_survives_being_killed(packetd: Packetd) -> None:
    path = f"/projects/{packetd.call('POST', '/projects', {'name': 'p'})[1]['id']}/devices"
    acknowledged, stopping, mistakes = dict[str, str](), threading.Event(), list[Any]()

    def work(client: int) -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            try:
                status, answer = packetd.call("POST", path, order(f"c{client}-{number}"))
            except _LOST:
                time.sleep(0.05)
                continue
            if status == 201:
                acknowledged[answer["id"]] = answer["hostname"]
            else:
                mistakes.append(answer)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        for seconds in (0.7, 0.3, 0.5):
            before = len(acknowledged)
            while len(acknowledged) == before:
                time.sleep(0.01)
            time.sleep(seconds)
            packetd.kill()
            packetd.start()
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert mistakes == []
    found = [
        device
        for page in range(1, 2 + len(acknowledged) // 500)
        for device in packetd.call("GET", f"{path}?per_page=1000&page={page}")[1]["devices"]
    ]
    names = {device["id"]: device["hostname"] for device in found}
    assert acknowledged.items() <= names.items()
    # Who got no answer may have a device; nobody has two.
    assert len(set(names.values())) == len(names) == len(found)
    check_addresses(found)
