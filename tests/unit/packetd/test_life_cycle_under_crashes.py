# SPDX-License-Identifier: GPL-3.0-or-later
"""Users do what they like, packetd dies where it likes: nothing twice, no leak, nothing acknowledged lost.

What was asked for when it died may have been done or not: the model believes what it then finds, once.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from crashing import CrashError, Process
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import func, select

from packetd.store import open_sqlite
from packetd.store.tables import Device, DeviceAddress, Project

_CHOICE = st.integers(min_value=0, max_value=1000)
_ACTIONS = ("power_off", "power_on", "reboot", "rescue", "reinstall")
_ORDER = {"plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}


class LifeCycle(RuleBasedStateMachine):
    """A project whose devices and addresses are used by somebody who never waits."""

    template: Path

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="packetd-life-"))
        shutil.copytree(self.template, self.directory, dirs_exist_ok=True)
        self.process = Process(self.directory)
        with self.process.store.read() as session:
            self.project = session.scalars(select(Project.id)).first()
        self.count = 0
        # Acknowledged, and not asked to go.
        self.devices: set[str] = set()
        self.blocks: dict[str, IPv4Network] = {}
        # Whether something else may have been done, too.
        self.asked_in_vain = False

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any] | None:
        """An answer, or None when there was none because packetd died; it is started again then."""
        try:
            return self.process.call(method, path, body)
        except CrashError:
            self.asked_in_vain = True
            self.restart()
            return None

    @rule()
    def restart(self) -> None:
        self.process.stop()
        self.process = Process(self.directory)

    @rule(steps=st.integers(min_value=1, max_value=40))
    def die_soon(self, steps: int) -> None:
        self.process.fuse.light(steps)

    @rule(quantity=st.integers(min_value=1, max_value=3))
    def create(self, quantity: int) -> None:
        self.count += 1
        part = {**_ORDER, "hostname": f"n{self.count}-{{{{index}}}}", "quantity": quantity}
        answer = self.call("POST", f"/projects/{self.project}/devices/batch", {"batches": [part]})
        if answer is not None:
            assert answer[0] == 201, answer
            (batch,) = answer[1]["batches"]
            self.devices |= {device["href"].rpartition("/")[2] for device in batch["devices"]}

    @rule(choice=_CHOICE)
    def delete(self, choice: int) -> None:
        if self.devices:
            device = sorted(self.devices)[choice % len(self.devices)]
            self.devices.remove(device)
            answer = self.call("DELETE", f"/devices/{device}?force_delete=true")
            assert answer is None or answer[0] == 204, answer

    @rule(choice=_CHOICE, action=st.sampled_from(_ACTIONS))
    def act(self, choice: int, action: str) -> None:
        if self.devices:
            device = sorted(self.devices)[choice % len(self.devices)]
            answer = self.call("POST", f"/devices/{device}/actions", {"type": action})
            assert answer is None or answer[0] in (202, 422), answer

    @rule(quantity=st.sampled_from((1, 2, 4, 8)))
    def reserve(self, quantity: int) -> None:
        body = {"type": "public_ipv4", "metro": "sv", "quantity": quantity}
        answer = self.call("POST", f"/projects/{self.project}/ips", body)
        if answer is not None and answer[0] == 201:
            block = answer[1]
            self.blocks[block["id"]] = IPv4Network(f"{block['network']}/{block['cidr']}")

    @rule(choice=_CHOICE)
    def release(self, choice: int) -> None:
        if self.blocks:
            block = sorted(self.blocks)[choice % len(self.blocks)]
            answer = self.call("DELETE", f"/ips/{block}")
            # Refused while a part of it is assigned.
            if answer is None or answer[0] == 204:
                del self.blocks[block]

    @rule(choice=_CHOICE, number=_CHOICE)
    def assign(self, choice: int, number: int) -> None:
        if self.blocks and self.devices:
            block = self.blocks[sorted(self.blocks)[choice % len(self.blocks)]]
            device = sorted(self.devices)[number % len(self.devices)]
            address = str(block[number % block.num_addresses])
            answer = self.call("POST", f"/devices/{device}/ips", {"address": address})
            assert answer is None or answer[0] in (201, 422), answer

    @rule()
    def settle(self) -> None:
        """Let it come to rest, then compare users, database and hardware."""
        self._come_to_rest()
        devices = self._list(f"/projects/{self.project}/devices?per_page=1000", "devices")
        found = {device["id"] for device in devices}
        assert self.devices <= found, "an acknowledged device was lost"
        surprises = found - self.devices
        assert self.asked_in_vain or not surprises, "a device that was deleted, or never asked for"
        self.devices = found
        blocks = self._list(f"/projects/{self.project}/ips?per_page=1000", "ip_addresses")
        networks = {
            block["id"]: IPv4Network(f"{block['network']}/{block['cidr']}")
            for block in blocks
            if block["type"] == "public_ipv4"
        }
        assert self.blocks.items() <= networks.items(), "an acknowledged reservation was lost"
        assert self.asked_in_vain or networks == self.blocks, "a reservation nobody asked for"
        self.blocks, self.asked_in_vain = networks, False
        self._nothing_twice(devices, sorted(networks.values()))
        self._hardware_agrees(devices)

    def _come_to_rest(self) -> None:
        deadline = time.monotonic() + 300
        while not self._rests():
            assert time.monotonic() < deadline, "it does not come to rest"
            time.sleep(0.01)

    def _rests(self) -> bool:
        try:
            with self.process.store.read() as session:
                busy = session.scalar(select(func.count()).where(Device.goal.is_not(None)))
            wanted, routed = self._wanted_routes(), self.process.driver.routes()
        except CrashError:
            self.restart()
            return False
        return not busy and wanted == routed

    def _wanted_routes(self) -> dict[str, str]:
        devices = self._list(f"/projects/{self.project}/devices?per_page=1000", "devices")
        return {
            f"{ip['address']}/{ip['cidr']}": device["id"]
            for device in devices
            for ip in device["ip_addresses"]
            if not ip["management"]
        }

    def _list(self, path: str, name: str) -> list[Any]:
        status, answer = self.process.call("GET", path)
        assert status == 200, answer
        rows: list[Any] = answer[name]
        return rows

    def _nothing_twice(self, devices: list[Any], networks: list[IPv4Network]) -> None:
        own = [ip["address"] for device in devices for ip in device["ip_addresses"] if ip["management"]]
        assert len(own) == len(set(own)), "an address twice"
        with self.process.store.read() as session:
            stored = set(session.scalars(select(DeviceAddress.address)))
        assert stored == set(own), "an address that belongs to no device"
        for one, next_ in pairwise(networks):
            assert not one.overlaps(next_), "an elastic address twice"
        assert all(network.subnet_of(self.process.network) for network in networks)

    def _hardware_agrees(self, devices: list[Any]) -> None:
        assert self.process.driver.machines() == {device["id"] for device in devices}, "a leak, or a loss"
        states = {device["state"] for device in devices}
        assert states <= {"active", "inactive"}, states

    def teardown(self) -> None:
        if not hasattr(self, "process"):
            return
        try:
            self.settle()
        finally:
            self.process.stop()
            shutil.rmtree(self.directory)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state as a first start makes it: migrating for every example would take the most time."""
    directory = tmp_path_factory.mktemp("template")
    open_sqlite(directory / "packetd.sqlite").close()
    process = Process(directory)
    process.stop()
    logging.disable(logging.CRITICAL)
    yield directory
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(
    ("examples", "steps"),
    [pytest.param(12, 25, id="few"), pytest.param(400, 60, marks=pytest.mark.soak, id="many")],
)
def test_life_cycle(template: Path, examples: int, steps: int) -> None:
    LifeCycle.template = template
    run_state_machine_as_test(
        LifeCycle,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
