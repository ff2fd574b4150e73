# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves every device towards its goal.

The goals are in the database, so nothing is lost when the process dies: the next one finds what is
left to do and does it again, which drivers allow. One thread finds what is due; workers do it.
Within a process a device is in one worker at a time; a state directory has one process (its lock).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from packetd.drivers import Address, Driver, DriverError, Machine, Power
from packetd.model import lifecycle
from packetd.model.catalogue import Catalogue
from packetd.model.lifecycle import INSTALLING, BackOff, Goal, Installation, State
from packetd.routing import Routing
from packetd.store import Store
from packetd.store.devices import set_goal, tell
from packetd.store.tables import Device, now

log = logging.getLogger(__name__)

_LONGEST_WAIT = 60.0
_AFTER_TROUBLE = 5.0
# What is handed out at once, in devices for each worker.
_QUEUED = 4
_AFTER_MISTAKE = 1.0
_POWER_ATTEMPTS = 5


class Provisioner:
    """Runs between start() and stop(); wake() tells it to look for work now."""

    def __init__(
        self,
        store: Store,
        driver: Driver,
        catalogue: Catalogue,
        *,
        limit: timedelta,
        workers: int,
        back_off: BackOff | None = None,
    ) -> None:
        """``limit`` is how long a busy driver is asked again, and then how long a machine may take to
        phone home, before the device counts as failed."""
        self._store = store
        self._driver = driver
        self._catalogue = catalogue
        self._limit = limit
        self._workers = workers
        self._back_off = back_off or BackOff()
        self._routing = Routing(store, driver)
        self._busy: set[str] = set()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="provisioner")
        self._dispatcher = threading.Thread(target=self._dispatch, name="dispatcher", daemon=True)
        self._steps: dict[Goal, Callable[[str], None]] = {
            Goal.PROVISION: self._install,
            Goal.REINSTALL: self._install,
            Goal.DELETE: self._delete,
            Goal.POWER_ON: self._power,
            Goal.POWER_OFF: self._power,
            Goal.REBOOT: self._power,
            Goal.RESCUE: self._power,
        }

    def start(self) -> None:
        self._dispatcher.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """Take up nothing new and wait for what is under way; a driver call is not torn apart."""
        self._stopping.set()
        self._wake.set()
        self._dispatcher.join()
        self._pool.shutdown(cancel_futures=True)

    def phone_home(self, device_id: str) -> None:
        """A machine says that it is up. One that failed by being late is active after all."""
        with self._store.write() as session:
            device = session.get(Device, device_id)
            if device is None:
                return
            device.phoned_home_at = device.phoned_home_at or now()
            if device.goal in INSTALLING:
                device.due_at = now()
            elif device.state is State.FAILED and device.installed_at is not None:
                _finish_installation(session, device)
        self.wake()

    # Finding work

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._hand_out()
                wait = self._until_next()
            except Exception:
                # A full disk, say: whoever mends it must not have to restart packetd as well.
                log.exception("provisioner cannot look for work; tried again in %g seconds", _AFTER_TROUBLE)
                wait = _AFTER_TROUBLE
            self._wake.wait(wait)

    def _hand_out(self) -> None:
        self._end_terms()
        for device_id, goal in self._due():
            self._submit(device_id, partial(self._steps[goal], device_id))
        if self._routing.due():
            self._submit("routes", self._routing.apply)

    def _due(self) -> list[tuple[str, Goal]]:
        free = self._workers * _QUEUED - len(self._busy)
        if free <= 0:
            return []
        due = _unfinished(tuple(self._busy)).where(Device.due_at <= now()).limit(free)
        with self._store.read() as session:
            return [(device_id, goal) for device_id, goal in session.execute(due) if goal is not None]

    def _submit(self, key: str, work: Callable[[], None]) -> None:
        if key in self._busy:
            return
        self._busy.add(key)
        self._pool.submit(self._run, key, work)

    def _run(self, key: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            # A mistake of ours must neither end the thread nor be tried again in a tight loop.
            log.exception("provisioner failed at %s; it is tried again", key)
            self._stopping.wait(_AFTER_MISTAKE)
        finally:
            self._busy.discard(key)
            # While the workers have enough in their queue, looking for more would only slow them down.
            if len(self._busy) <= self._workers:
                self._wake.set()

    def _until_next(self) -> float:
        """Seconds until something is due; what has to wait for a free worker is due when one is."""
        next_device = _unfinished(tuple(self._busy)).with_only_columns(Device.due_at).limit(1)
        next_end = select(Device.termination_time).where(_may_end()).order_by(Device.termination_time)
        with self._store.read() as session:
            moments = [session.scalar(next_end.limit(1)), self._routing.next_attempt]
            if len(self._busy) < self._workers * _QUEUED:
                moments.append(session.scalar(next_device))
        waits = [(moment - now()).total_seconds() for moment in moments if moment is not None]
        return max(0.0, min([_LONGEST_WAIT, *waits]))

    def _end_terms(self) -> None:
        """Devices whose termination_time has come are deleted."""
        ended = select(Device.id).where(Device.termination_time <= now(), _may_end())
        with self._store.read() as session:
            ids = session.scalars(ended).all()
        for device_id in ids:
            with self._store.write() as session:
                device = session.get(Device, device_id)
                if device is not None and device.goal is not Goal.DELETE:
                    tell(session, device, "instance.terminated", "Termination time reached")
                    set_goal(device, Goal.DELETE, State.DEPROVISIONING, now())
                    device.assignments.clear()

    # Doing it

    def _install(self, device_id: str) -> None:
        with self._store.write() as session:
            device = session.get_one(Device, device_id)
            if device.goal not in INSTALLING:
                return
            goal = device.goal
            if goal is Goal.PROVISION:
                device.state = State.PROVISIONING
            device.deadline = deadline = device.deadline or now() + self._limit
            step = lifecycle.next_of_installation(
                installed=device.installed_at is not None,
                phoned_home=device.phoned_home_at is not None,
                deadline=deadline,
                now=now(),
            )
            _advance(session, device, lifecycle.BEFORE_CREATION)
            machine = self._machine(device)
            if step is Installation.FINISH:
                _finish_installation(session, device)
            elif step is Installation.EXPIRE:
                _fail(session, device, f"did not phone home in {self._limit.total_seconds():g} seconds")
            elif step is Installation.WAIT:
                device.due_at = deadline
        if step is Installation.MAKE:
            self._make(machine, goal)

    def _make(self, machine: Machine, goal: Goal) -> None:
        try:
            if goal is Goal.REINSTALL:
                self._driver.reinstall(machine)
            else:
                self._driver.create(machine)
        except DriverError as error:
            self._installation_refused(machine.id, goal, error)
            return
        with self._store.write() as session:
            device = session.get_one(Device, machine.id)
            # The user may have changed their mind while the driver was at work.
            if device.goal is not goal:
                return
            device.installed_at = now()
            device.deadline = now() + self._limit
            device.attempts = 0
            _advance(session, device, lifecycle.BEFORE_PHONE_HOME)
            if device.phoned_home_at is not None:
                _finish_installation(session, device)
            else:
                device.due_at = device.deadline

    def _installation_refused(self, device_id: str, goal: Goal, error: DriverError) -> None:
        log.warning("device %s: %s refused: %s", device_id, goal.value, error)
        with self._store.write() as session:
            device = session.get_one(Device, device_id)
            if device.goal is not goal:
                return
            device.attempts += 1
            again = now() + self._back_off.after(device.attempts)
            if error.retryable and device.deadline is not None and again < device.deadline:
                device.due_at = again
            else:
                _fail(session, device, str(error))

    def _power(self, device_id: str) -> None:
        with self._store.write() as session:
            device = session.get_one(Device, device_id)
            goal = device.goal
            if goal is not None and goal in (Goal.REBOOT, Goal.RESCUE) and device.attempts == 0:
                tell(session, device, "power.201", "Reboot operation started")
        if goal not in lifecycle.POWER_EVENTS:
            return
        try:
            if goal in (Goal.REBOOT, Goal.RESCUE):
                self._driver.reboot(device_id)
            else:
                self._driver.power(device_id, goal is Goal.POWER_ON)
        except DriverError as error:
            self._power_refused(device_id, goal, error)
            return
        with self._store.write() as session:
            device = session.get_one(Device, device_id)
            if device.goal is goal:
                tell(session, device, *lifecycle.POWER_EVENTS[goal])
                _reach(device, lifecycle.REACHED[goal])

    def _power_refused(self, device_id: str, goal: Goal, error: DriverError) -> None:
        log.warning("device %s: %s refused: %s", device_id, goal.value, error)
        found = self._driver.state(device_id)
        with self._store.write() as session:
            device = session.get_one(Device, device_id)
            if device.goal is not goal:
                return
            device.attempts += 1
            if error.retryable and device.attempts < _POWER_ATTEMPTS:
                device.due_at = now() + self._back_off.after(device.attempts)
                return
            tell(session, device, "power.failed", f"{goal.value} failed: {error}")
            states = {Power.ON: State.ACTIVE, Power.OFF: State.INACTIVE, Power.ABSENT: State.FAILED}
            _reach(device, states[found])

    def _delete(self, device_id: str) -> None:
        try:
            self._driver.destroy_machine(device_id)
        except DriverError as error:
            self._deletion_refused(device_id, error)
            return
        with self._store.write() as session:
            device = session.get_one(Device, device_id)
            tell(session, device, "instance.deleted", f"{device.hostname} was deleted")
            session.delete(device)

    def _deletion_refused(self, device_id: str, error: DriverError) -> None:
        """Tried for ever: a machine that is forgotten is a machine that leaks."""
        log.warning("device %s: deletion refused: %s", device_id, error)
        with self._store.write() as session:
            device = session.get_one(Device, device_id)
            if device.attempts == 0:
                tell(session, device, "deprovisioning.failed", f"Deletion failed and is tried again: {error}")
            device.attempts += 1
            device.due_at = now() + self._back_off.after(device.attempts)

    def _machine(self, device: Device) -> Machine:
        limits = self._catalogue.plans[device.plan].limits
        return Machine(
            id=device.id,
            hostname=device.hostname,
            plan=device.plan,
            operating_system=device.operating_system,
            metro=device.metro,
            addresses=tuple(
                Address(
                    address=item.address,
                    network=item.network,
                    gateway=item.gateway,
                    cidr=item.cidr,
                    family=item.family,
                    public=item.public,
                )
                for item in device.addresses
            ),
            ssh_keys=tuple(key.key for key in device.ssh_keys),
            memory_mib=limits.memory_mib,
            cpus=limits.cpus,
        )


def _unfinished(besides: tuple[str, ...]) -> Select[str, Goal | None]:
    """Devices that have a goal, the one that is due first at the front."""
    return (
        select(Device.id, Device.goal)
        .where(Device.goal.is_not(None), Device.id.not_in(besides))
        .order_by(Device.due_at)
    )


def _may_end() -> ColumnElement[bool]:
    """What a device must be for its termination_time to count."""
    return and_(
        Device.termination_time.is_not(None),
        Device.locked.is_(False),
        or_(Device.goal.is_(None), Device.goal != Goal.DELETE),
    )


def _reach(device: Device, state: State) -> None:
    device.state, device.goal, device.attempts = state, None, 0


def _advance(session: Session, device: Device, progress: int) -> None:
    """Tell the steps of an installation up to ``progress`` that were not told yet."""
    addresses = ", ".join(address.address for address in device.addresses)
    for type_, body in lifecycle.PROVISIONING_EVENTS[device.progress : progress]:
        tell(session, device, type_, body.format(addresses=addresses))
    device.progress = max(device.progress, progress)


def _finish_installation(session: Session, device: Device) -> None:
    _advance(session, device, len(lifecycle.PROVISIONING_EVENTS))
    _reach(device, State.ACTIVE)


def _fail(session: Session, device: Device, reason: str) -> None:
    """The machine stays as it is, for someone to look at."""
    log.warning("device %s (%s) failed: %s", device.id, device.hostname, reason)
    tell(session, device, "provisioning.failed", f"Provisioning failed: {reason}")
    _reach(device, State.FAILED)
