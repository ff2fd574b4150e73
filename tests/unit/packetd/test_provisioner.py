# SPDX-License-Identifier: GPL-3.0-or-later
"""The provisioner, over a real database and hardware that fails when told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import select

from packetd.drivers import DriverError, Machine, Power
from packetd.membership import Membership
from packetd.model import catalogue
from packetd.model.addresses import NetworkPlan
from packetd.model.lifecycle import BackOff, Goal, State
from packetd.provisioner import Provisioner
from packetd.store import Store, open_sqlite
from packetd.store.devices import set_goal
from packetd.store.tables import (
    Assignment,
    Device,
    DeviceAddress,
    Event,
    Organization,
    Project,
    Reservation,
    Server,
    new_id,
    now,
)


class FakeDriver:
    """Machines in memory; ``troubles`` are raised one after the other by whatever is called next."""

    name: ClassVar[str] = "fake"
    simulated: ClassVar[bool] = False

    def __init__(self) -> None:
        self.machines: dict[str, Machine] = {}
        self.routes: dict[str, str] = {}
        self.calls: list[str] = []
        self.troubles: list[Exception] = []
        self.block_storage = None
        self.network = NetworkPlan(
            IPv4Network("192.0.2.0/25"), IPv4Network("192.0.2.128/25"), IPv4Network("10.0.0.0/24")
        )

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.troubles:
            raise self.troubles.pop(0)

    def start(self) -> None:
        return

    stop = destroy = start

    def operating_systems(self) -> None:
        return

    def create(self, machine: Machine) -> None:
        self._called("create")
        self.machines[machine.id] = machine

    def destroy_machine(self, device_id: str) -> None:
        self._called("destroy")
        self.machines.pop(device_id, None)

    def power(self, device_id: str, on: bool) -> None:
        self._called(f"power {'on' if on else 'off'}")

    def reboot(self, device_id: str) -> None:
        self._called("reboot")

    def reinstall(self, machine: Machine) -> None:
        self._called("reinstall")
        self.machines[machine.id] = machine

    def state(self, device_id: str) -> Power:
        return Power.ON if device_id in self.machines else Power.ABSENT

    def route(self, network: str, device_id: str | None) -> None:
        self._called("route")
        if device_id is None:
            self.routes.pop(network, None)
        else:
            self.routes[network] = device_id


class World:
    """A database, hardware and a provisioner between them."""

    def __init__(self, state: Path) -> None:
        self.store: Store = open_sqlite(state / "packetd.sqlite")
        self.driver = FakeDriver()
        self.provisioner: Provisioner | None = None
        with self.store.write() as session:
            organization = Organization(name="o")
            session.add(organization)
            session.flush()
            project = Project(organization_id=organization.id, name="p")
            session.add(project)
            session.flush()
            self.project = project.id

    def start(self, limit: float = 60) -> None:
        self.provisioner = Provisioner(
            self.store,
            self.driver,
            catalogue.load(),
            Membership(self.store, "the only one", lease=10),
            limit=timedelta(seconds=limit),
            workers=4,
            back_off=BackOff(timedelta(milliseconds=5), timedelta(milliseconds=20)),
        )
        self.provisioner.start()

    def stop(self) -> None:
        if self.provisioner is not None:
            self.provisioner.stop()
            self.provisioner = None

    def device(self, number: int = 2) -> str:
        device = Device(
            id=new_id(),
            project_id=self.project,
            hostname="h",
            plan="c3.small.x86",
            operating_system="debian_12",
            facility="sv15",
            metro="sv",
            billing_cycle="hourly",
            addresses=[
                DeviceAddress(
                    position=0,
                    address=f"192.0.2.{number}",
                    network="192.0.2.0/25",
                    gateway="192.0.2.1",
                    cidr=25,
                    family=4,
                    public=True,
                )
            ],
        )
        with self.store.write() as session:
            session.add(device)
            session.flush()
            identifier = device.id
        self.wake()
        return identifier

    def want(self, device_id: str, goal: Goal, state: State) -> None:
        with self.store.write() as session:
            set_goal(session.get_one(Device, device_id), goal, state, now())
        self.wake()

    def wake(self) -> None:
        if self.provisioner is not None:
            self.provisioner.wake()

    def phone_home(self, device_id: str) -> None:
        assert self.provisioner is not None
        self.provisioner.phone_home(device_id)

    def state(self, device_id: str) -> State | None:
        with self.store.read() as session:
            device = session.get(Device, device_id)
            return device.state if device else None

    def installed(self, device_id: str) -> bool:
        with self.store.read() as session:
            return session.get_one(Device, device_id).installed_at is not None

    def events(self) -> list[str]:
        with self.store.read() as session:
            return [f"{e.type} {e.body}" for e in session.scalars(select(Event).order_by(Event.serial))]


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.stop()
    made.store.close()


def test_active_takes_both_the_driver_and_the_machine(world: World) -> None:
    world.start()
    device = world.device()
    eventually(lambda: world.installed(device))
    assert world.state(device) is State.PROVISIONING
    world.phone_home(device)
    eventually(lambda: world.state(device) is State.ACTIVE)
    assert world.driver.machines[device].addresses[0].address == "192.0.2.2"


def test_a_busy_driver_is_asked_again(world: World) -> None:
    world.driver.troubles = [DriverError("busy", retryable=True)] * 3
    world.start()
    device = world.device()
    eventually(lambda: world.installed(device))
    assert world.driver.calls.count("create") == 4


def test_a_final_refusal_fails_the_device_with_the_reason(world: World) -> None:
    world.driver.troubles = [DriverError("no such image")]
    world.start()
    device = world.device()
    eventually(lambda: world.state(device) is State.FAILED)
    assert world.driver.calls == ["create"]
    assert world.events()[-1] == "provisioning.failed Provisioning failed: no such image"


def test_a_driver_that_stays_busy_fails_the_device_in_the_end(world: World) -> None:
    world.driver.troubles = [DriverError("busy", retryable=True)] * 10_000
    world.start(limit=0.2)
    device = world.device()
    eventually(lambda: world.state(device) is State.FAILED)
    assert "busy" in world.events()[-1]


def test_a_mistake_in_a_driver_stops_nothing(world: World) -> None:
    world.driver.troubles = [RuntimeError("a bug")]
    world.start()
    device = world.device()
    eventually(lambda: world.installed(device))


def test_deletion_is_tried_until_it_works(world: World) -> None:
    world.start()
    device = world.device()
    eventually(lambda: world.installed(device))
    world.driver.troubles = [DriverError("stuck")] * 5
    world.want(device, Goal.DELETE, State.DEPROVISIONING)
    eventually(lambda: world.state(device) is None)
    assert world.driver.machines == {}
    assert sum("Deletion failed" in event for event in world.events()) == 1


def test_work_left_by_a_crash_is_taken_up(world: World) -> None:
    devices = [world.device(number) for number in range(2, 22)]
    world.start()
    eventually(lambda: all(world.installed(device) for device in devices))
    world.stop()
    calls = len(world.driver.calls)
    world.start()
    for device in devices:
        world.phone_home(device)
    eventually(lambda: all(world.state(device) is State.ACTIVE for device in devices))
    assert len(world.driver.calls) == calls == 20


def test_a_refused_reboot_tells_and_shows_what_is(world: World) -> None:
    world.start()
    device = world.device()
    eventually(lambda: world.installed(device))
    world.phone_home(device)
    eventually(lambda: world.state(device) is State.ACTIVE)
    world.driver.troubles = [DriverError("no power")]
    world.want(device, Goal.POWER_OFF, State.POWERING_OFF)
    eventually(lambda: world.state(device) is State.ACTIVE)
    assert world.events()[-1] == "power.failed power_off failed: no power"


def test_routes_follow_assignments(world: World) -> None:
    world.start()
    device = world.device()
    with world.store.write() as session:
        reservation = Reservation(project_id=world.project, network="192.0.2.128/32", type="public_ipv4")
        session.add(reservation)
        session.flush()
        assignment = Assignment(reservation_id=reservation.id, device_id=device, network=reservation.network)
        session.add(assignment)
        session.flush()
        identifier = assignment.id
    world.wake()
    eventually(lambda: world.driver.routes == {"192.0.2.128/32": device})

    # One taken away while nobody was there to tell the hardware.
    world.stop()
    with world.store.write() as session:
        session.delete(session.get_one(Assignment, identifier))
    world.start()
    eventually(lambda: world.driver.routes == {})


def test_a_refused_route_is_tried_again_and_holds_up_no_other(world: World) -> None:
    world.start()
    device = world.device()
    eventually(lambda: world.installed(device))
    world.driver.troubles = [DriverError("no route")]
    with world.store.write() as session:
        for number in (128, 129):
            reservation = Reservation(
                project_id=world.project, network=f"192.0.2.{number}/32", type="public_ipv4"
            )
            session.add(reservation)
            session.flush()
            session.add(
                Assignment(reservation_id=reservation.id, device_id=device, network=reservation.network)
            )
    world.wake()
    eventually(lambda: len(world.driver.routes) == 1)
    eventually(lambda: len(world.driver.routes) == 2)


class Held:
    """A call of the driver that takes until it is let go."""

    def __init__(self, world: World, name: str) -> None:
        self._call = getattr(world.driver, name)
        self.begun, self._go = threading.Event(), threading.Event()
        setattr(world.driver, name, self)

    def __call__(self, *arguments: Any) -> None:
        self.begun.set()
        assert self._go.wait(120)
        self._call(*arguments)

    def let_go(self) -> None:
        self._go.set()


def take_over(world: World, device_id: str) -> None:
    """Another server claims a device, as when this one was not heard of for too long."""
    with world.store.write() as session:
        session.add(Server(id="other", state_id="other", host="elsewhere", alive_until=1e12))
        session.flush()
        session.get_one(Device, device_id).claimed_by = "other"


def test_a_claim_that_was_lost_ends_the_work(world: World) -> None:
    call = Held(world, "create")
    world.start()
    device = world.device()
    assert call.begun.wait(120)
    take_over(world, device)
    call.let_go()
    world.stop()
    assert not world.installed(device)
    with world.store.read() as session:
        assert session.get_one(Device, device).claimed_by == "other"
    # The other one makes it, and finds it made.
    assert device in world.driver.machines


def test_a_deletion_whose_claim_was_lost_is_the_others_to_finish(world: World) -> None:
    world.start()
    device = world.device()
    eventually(lambda: world.installed(device))
    call = Held(world, "destroy_machine")
    world.want(device, Goal.DELETE, State.DEPROVISIONING)
    assert call.begun.wait(120)
    take_over(world, device)
    call.let_go()
    world.stop()
    assert world.state(device) is State.DEPROVISIONING
    assert not any("was deleted" in event for event in world.events())


def test_a_machine_that_comes_after_its_device_went_is_removed(world: World) -> None:
    call = Held(world, "create")
    world.start()
    device = world.device()
    assert call.begun.wait(120)
    with world.store.write() as session:
        session.delete(session.get_one(Device, device))
    call.let_go()
    eventually(lambda: "destroy" in world.driver.calls)
    assert world.driver.machines == {}
