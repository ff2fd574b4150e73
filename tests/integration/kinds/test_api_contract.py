# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every Kind of the Packet API besides what holds for every Kind, over packetd."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._info import Info
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds import (
    api_key,
    bgp_config,
    bgp_session,
    device_search,
    election,
    ip_assignment,
    ip_reservation,
    organization,
    port,
    project,
    snapshot_policy,
    spot_market_request,
    ssh_key,
    vlan,
    volume,
    volume_attachment,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import UnreachableError
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from contract import put_cases
from crowds import crowd_of
from kinds import Case, Outcome
from kinds_packet import FORMER, TOKEN, PacketWorld
from packet_options import options

INFOS: dict[str, Info] = {
    "project": project.PROJECTS,
    "organization": organization.INFO,
    "ssh_key": ssh_key.SSH_KEYS,
    "api_key": api_key.INFO,
    "device": device_search.DEVICES,
    "device_power": device_search.DEVICES,
    "ip_reservation": ip_reservation.IP_RESERVATIONS,
    "ip_assignment": ip_assignment.IP_ASSIGNMENTS,
    "vlan": vlan.INFO,
    "port": port.INFO,
    "bgp_config": bgp_config.INFO,
    "bgp_session": bgp_session.INFO,
    "volume": volume.INFO,
    "volume_attachment": volume_attachment.INFO,
    "snapshot_policy": snapshot_policy.INFO,
    "spot_market_request": spot_market_request.INFO,
}
"""What lists the objects of a Kind, by its name."""

WRITES = {
    "devices": ["PATCH", "PATCH"],  # One for each of two.
    "devices with choices": ["PATCH", "PATCH"],
    "devices with purge": ["DELETE"],  # What is not listed any more goes.
    "bgp_config": ["POST"],  # The API takes a configuration as a whole, by the same call that makes it.
    "ip_assignment": ["DELETE", "POST"],  # The API moves nothing: it takes away and gives.
    "volume_attachment": ["DELETE", "POST"],
}
"""The methods by which a case changes, where that is not one PATCH."""

SECRETS = frozenset({"user_data", "md5"})
"""Options whose text no result may tell."""

RUNS = 4


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    put_cases(metafunc, Path(__file__).parent)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other runs are in this process, and quick."""
    monkeypatch.setattr(election, "PAUSE", 0.02)


@pytest.fixture
def world(case: Case, tmp_path: Path) -> Iterator[PacketWorld]:
    with case.world(tmp_path) as world:
        assert isinstance(world, PacketWorld)
        yield world


def there(case: Case, world: PacketWorld) -> set[str]:
    """The ids of all objects of the case's sort, wherever the case looks for its own."""
    info = INFOS[world.kind.name]
    given = {name: case.wanted[name] for name in ("project", "device", "volume") if name in case.wanted}
    if "project" in given:
        given["project"] = world.project["id"]
    known = {name: value for name, value in given.items() if name in info.options}
    return {item["id"] for item in info.search(world.api, options(info.options, **known))}


def made_by(case: Case, world: PacketWorld) -> int:
    """How many objects the case makes."""
    return len(case.wanted.get("devices", "1")) if world.makes else 0


def test_a_change_is_one_patch(case: Case, world: PacketWorld) -> None:
    # The API changes ports by actions that each do one thing: their order is proven in test_port_steps.py.
    if case.changed is None or case.name.startswith("port:"):
        return
    world.settle(case.wanted, dry_run=False)
    before = len(world.api.writes)
    world.settle(case.changed, dry_run=False)
    sent = [write.split()[0] for write in world.api.writes[before:]]
    assert sent == WRITES.get(case.name, ["PATCH"])


def test_the_diff_shows_what_differs_and_nothing_tells_a_secret(case: Case, world: PacketWorld) -> None:
    outcomes = [world.settle(wanted, dry_run=False) for wanted in (case.wanted, case.changed or case.wanted)]
    for outcome in outcomes:
        for step in getattr(outcome, "steps", {"": outcome}).values():
            before, after = step.diff["before"], step.diff["after"]
            assert not (before and after) or before.keys() == after.keys()
            assert all(before[name] != after[name] for name in before.keys() & after.keys())
    outcomes.append(world.settle(None, dry_run=False))
    told = json.dumps([(outcome.diff, outcome.after) for outcome in outcomes])
    secrets = {TOKEN, *secrets_of(case.wanted), *secrets_of(case.changed)}
    assert not [secret for secret in secrets if secret in told]
    # The text of a new key is in the result, and nowhere else.
    texts = [(outcome.after or {}).get("token") for outcome in outcomes]
    assert not [text for text in texts if text and text in json.dumps([outcome.diff for outcome in outcomes])]


def secrets_of(wanted: Any) -> Iterator[str]:
    if isinstance(wanted, dict):
        yield from (str(wanted[name]) for name in SECRETS & wanted.keys())
        wanted = list(wanted.values())
    if isinstance(wanted, list):
        for part in wanted:
            yield from secrets_of(part)


@contextmanager
def losing_the_first_answer(world: PacketWorld, error: BaseException) -> Iterator[None]:
    """What is asked for first is done, and nobody hears of it."""
    left = [error]

    def lose() -> None:
        if left:
            raise left.pop()

    world.api.before_answer = lose
    try:
        yield
    finally:
        world.api.before_answer = lambda: None
    assert not left


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), UnreachableError("POST", "the connection broke")],
    ids=["killed", "answer lost"],
)
def test_what_was_interrupted_is_made_once(case: Case, world: PacketWorld, error: BaseException) -> None:
    before = there(case, world)
    with losing_the_first_answer(world, error), suppress(KeyboardInterrupt, UnreachableError):
        world.settle(case.wanted, dry_run=False)
    world.settle(case.wanted, dry_run=False)
    assert len(there(case, world) - before) == made_by(case, world)
    assert not world.settle(case.wanted, dry_run=False).changed


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), UnreachableError("DELETE", "the connection broke")],
    ids=["killed", "answer lost"],
)
def test_a_replacement_that_was_interrupted_is_gone_on_with(
    case: Case, world: PacketWorld, error: BaseException
) -> None:
    before = there(case, world)
    world.settle(case.wanted, dry_run=False)
    with losing_the_first_answer(world, error), suppress(KeyboardInterrupt, UnreachableError):
        world.settle(case.replaced, dry_run=False)
    world.settle(case.replaced, dry_run=False)
    assert len(there(case, world) - before) == made_by(case, world)
    assert not world.settle(case.replaced, dry_run=False).changed


def test_in_a_crowd_the_own_object_is_found(case: Case, tmp_path: Path) -> None:
    with case.world(tmp_path) as elsewhere:
        assert isinstance(elsewhere, PacketWorld)
        alien = case.wanted.get("project") and elsewhere.settle(case.wanted, dry_run=False)
        elsewhere.api.call_api(f"projects/{elsewhere.project['id']}", "PATCH", {"name": FORMER})
        namesakes = there(case, elsewhere) if alien else set()
        with case.world(tmp_path) as world:
            assert isinstance(world, PacketWorld)
            with crowd_of(case.name)(world):
                before = there(case, world)
                assert world.settle(case.wanted, dry_run=False).changed
                assert len(there(case, world) - before) == made_by(case, world)
                assert not world.settle(case.wanted, dry_run=False).changed
                assert world.settle(None, dry_run=False).changed
                assert there(case, world) == before
        assert (there(case, elsewhere) if alien else set()) == namesakes


def test_runs_at_the_same_time_make_one(case: Case, world: PacketWorld) -> None:
    before = there(case, world)
    outcomes = at_the_same_time(world, lambda: world.settle(case.wanted, dry_run=False))
    errors = [str(outcome) for outcome in outcomes if isinstance(outcome, ResourceError)]
    assert all("run again" in error for error in errors), errors
    world.settle(case.wanted, dry_run=False)
    assert len(there(case, world) - before) == made_by(case, world)
    assert not world.settle(case.wanted, dry_run=False).changed


def at_the_same_time(world: PacketWorld, run: Callable[[], Outcome]) -> list[Outcome | ResourceError]:
    """Several runs, all of which have looked before the first of them writes."""
    looked = threading.Barrier(RUNS)

    def wait() -> None:
        # A run that writes nothing does not come.
        with suppress(threading.BrokenBarrierError):
            looked.wait(timeout=1)

    def attempt(_number: int) -> Outcome | ResourceError:
        try:
            return run()
        except ResourceError as error:
            return error

    world.api.before_write = wait
    try:
        with ThreadPoolExecutor(RUNS) as pool:
            return list(pool.map(attempt, range(RUNS)))
    finally:
        world.api.before_write = lambda: None
