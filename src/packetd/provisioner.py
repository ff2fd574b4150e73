# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves every device towards its goal, and has routes and volumes brought to what is wanted of them.

The goals are in the database, so nothing is lost when the process dies: the next one finds what is
left to do and does it again, which drivers allow. One thread finds what is due; workers do it.

A device is claimed before it is worked on, so it is in one worker of one server at a time. A claim is
given back with the last thing that is written of the work; until then every transaction looks whether
it is still held, since others take over from a server that was not heard of for too long.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from packetd.drivers import Address, Driver, DriverError, Machine, Power
from packetd.membership import Membership
from packetd.model import lifecycle
from packetd.model.catalogue import Catalogue
from packetd.model.lifecycle import INSTALLING, BackOff, Goal, Installation, State
from packetd.routing import Routing
from packetd.store import Store
from packetd.store.devices import give_back, release, set_goal
from packetd.store.events import tell
from packetd.store.tables import Device, Moment, now
from packetd.volumes import Volumes

log = logging.getLogger(__name__)

# How soon a server sees what another one, or a command, has stored. What is stored by itself it sees
# at once: see wake().
_LONGEST_WAIT = 1.0
# When what was due is just being locked by somebody else.
_AFTER_RACE = 0.01
_AFTER_TROUBLE = 5.0
# What is handed out at once, in devices for each worker.
_QUEUED = 4
_AFTER_MISTAKE = 1.0
_BETWEEN_TURNS = 0.02
# How long each work in turn waits for calls to be answered first: a device takes seconds, a call
# milliseconds.
_PATIENCE = 0.25
_POWER_ATTEMPTS = 5
# The keys of the work that is not about a device.
_ROUTES = "routes"
_VOLUMES = "volumes"


class Provisioner:
    """Runs between start() and stop(); wake() tells it to look for work now."""

    def __init__(
        self,
        store: Store,
        driver: Driver,
        catalogue: Catalogue,
        membership: Membership,
        *,
        limit: timedelta,
        workers: int,
        back_off: BackOff | None = None,
        hinder: Callable[[Machine], None] = lambda _machine: None,
        give_way: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        """``limit`` is how long a busy driver is asked again, and then how long a machine may take to
        phone home, before the device counts as failed. ``hinder`` is called before every installation;
        the DriverError that it raises counts as the driver's. ``give_way`` waits, at most so many seconds,
        until no call is being answered."""
        self._store = store
        self._driver = driver
        self._catalogue = catalogue
        self._membership = membership
        self._limit = limit
        self._workers = workers
        self._back_off = back_off or BackOff()
        self._hinder = hinder
        self._give_way = give_way
        self._routing = Routing(store, driver)
        self._volumes = Volumes(store, driver.block_storage, self._back_off) if driver.block_storage else None
        self._leads = False
        # What is in a worker or queued for one -> the name that it was claimed in.
        self._busy: dict[str, str] = {}
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
        self._membership.join()
        self._dispatcher.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """Take up nothing new and wait for what is under way; a driver call is not torn apart."""
        self._stopping.set()
        self._wake.set()
        self._dispatcher.join()
        self._pool.shutdown(cancel_futures=True)
        self._membership.leave()

    def phone_home(self, device_id: str) -> None:
        """A machine says that it is up. One that failed by being late is active after all."""
        with self._store.write() as session:
            device = session.get(Device, device_id)
            if device is None:
                return
            device.phoned_home_at = device.phoned_home_at or now()
            if device.installed_at is None:
                device.due_at = now()
            elif device.goal in INSTALLING or device.state is State.FAILED:
                _finish_installation(session, device)
        self.wake()

    # Finding work

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                wait = self._turn()
            except Exception:
                # A full disk, say: whoever mends it must not have to restart packetd as well.
                log.exception("provisioner cannot look for work; tried again in %g seconds", _AFTER_TROUBLE)
                wait = _AFTER_TROUBLE
            # Whoever wakes often is served in one turn.
            if self._wake.wait(wait):
                self._stopping.wait(_BETWEEN_TURNS)
                self._give_way(_PATIENCE)

    def _turn(self) -> float:
        """Hand out what is due; returns for how many seconds to wait then, if nobody wakes."""
        self._take_the_lead()
        outlook = self._look()
        if outlook.is_due(outlook.device):
            return 0.0 if self._claim() else _AFTER_RACE
        if outlook.is_due(outlook.end_of_term):
            self._end_terms()
            return 0.0
        if outlook.is_due(outlook.routes):
            self._submit(_ROUTES, self._membership.id, self._routing.apply)
        if self._volumes is not None and outlook.is_due(outlook.volumes):
            self._submit(_VOLUMES, self._membership.id, self._volumes.apply)
        return outlook.seconds()

    def _take_the_lead(self) -> None:
        leads, led = self._membership.leads, self._leads
        self._leads = leads
        if leads and not led:
            self._routing.begin()

    def _look(self) -> _Outlook:
        """What is due, and when something will be: one question to the database."""
        with self._store.read() as session:
            found = session.execute(_outlook(), self._claimant)
            device, end_of_term, routes_differ, *volumes = found.one()
        at = now()
        if self._free() <= 0:
            device = None
        if not self._leads:
            return _Outlook(at, device)
        routes = self._routing.next_attempt or (at if routes_differ else None)
        return _Outlook(
            at,
            device,
            end_of_term,
            None if _ROUTES in self._busy else routes,
            None if _VOLUMES in self._busy else min(filter(None, volumes), default=None),
        )

    @property
    def _claimant(self) -> dict[str, Any]:
        """Who we are, and what we are at already: parameters of statements about what is claimable."""
        return {"claimant": self._membership.id, "busy": tuple(self._busy)}

    def _free(self) -> int:
        """How many devices more the workers can be given."""
        return self._workers * _QUEUED - len(self._busy)

    def _claim(self) -> bool:
        """Take what is due first and hand it to the workers; whether there was any left to take."""
        claimant = self._claimant
        due = {**claimant, "at": now(), "most": self._free()}
        with self._store.claim() as session:
            found = session.execute(_claim(), due)
            claimed = [(device_id, goal) for device_id, goal in found if goal is not None]
        for device_id, goal in claimed:
            self._submit(device_id, claimant["claimant"], partial(self._steps[goal], device_id))
        return bool(claimed)

    def _submit(self, key: str, claimant: str, work: Callable[[], None]) -> None:
        self._busy[key] = claimant
        self._pool.submit(self._run, key, work)

    def _run(self, key: str, work: Callable[[], None]) -> None:
        try:
            self._give_way(_PATIENCE)
            work()
        except Exception:
            # A mistake of ours must neither end the thread nor be tried again in a tight loop.
            log.exception("provisioner failed at %s; it is tried again", key)
            self._stopping.wait(_AFTER_MISTAKE)
        finally:
            del self._busy[key]
            # While the workers have enough in their queue, looking for more would only slow them down.
            if len(self._busy) <= self._workers:
                self._wake.set()

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
                    release(device)

    # Doing it. The claim is looked at in each transaction, and before the driver is told anything.

    def _held(self, session: Session, device_id: str) -> Device | None:
        """The device, if it is still this server's to work on."""
        device = session.get(Device, device_id)
        return device if device is not None and device.claimed_by == self._busy[device_id] else None

    def _given_back(self, session: Session, device_id: str, goal: Goal) -> Device | None:
        """The device, no longer claimed; None when it is not wanted to be there any more, or not by us."""
        device = self._held(session, device_id)
        if device is None:
            return None
        device.claimed_by = None
        return device if device.goal is goal else None

    def _may_act(self, device_id: str) -> bool:
        return self._membership.holds(self._busy[device_id])

    def _install(self, device_id: str) -> None:
        with self._store.write() as session:
            device = self._held(session, device_id)
            if device is None:
                return
            goal = device.goal
            if goal not in INSTALLING:
                device.claimed_by = None
                return
            step = self._begin_installation(session, device)
            machine = self._machine(device)
            if step is not Installation.MAKE:
                device.claimed_by = None
        if step is Installation.MAKE and self._may_act(device_id):
            self._make(machine, goal)

    def _begin_installation(self, session: Session, device: Device) -> Installation:
        if device.goal is Goal.PROVISION:
            device.state = State.PROVISIONING
        device.deadline = deadline = device.deadline or now() + self._limit
        step = lifecycle.next_of_installation(
            installed=device.installed_at is not None,
            phoned_home=device.phoned_home_at is not None,
            deadline=deadline,
            now=now(),
        )
        _advance(session, device, lifecycle.BEFORE_CREATION)
        if step is Installation.FINISH:
            _finish_installation(session, device)
        elif step is Installation.EXPIRE:
            _fail(session, device, f"did not phone home in {self._limit.total_seconds():g} seconds")
        elif step is Installation.WAIT:
            device.due_at = deadline
        return step

    def _make(self, machine: Machine, goal: Goal) -> None:
        try:
            self._hinder(machine)
            if goal is Goal.REINSTALL:
                self._driver.reinstall(machine)
            else:
                self._driver.create(machine)
        except DriverError as error:
            self._installation_refused(machine.id, goal, error)
            return
        with self._store.write() as session:
            unwanted = self._held(session, machine.id) is None and _is_unwanted(session, machine.id)
            device = self._given_back(session, machine.id, goal)
            if device is not None:
                device.installed_at = now()
                device.deadline = device.due_at = now() + self._limit
                device.attempts = 0
                _advance(session, device, lifecycle.BEFORE_PHONE_HOME)
                if device.phoned_home_at is not None:
                    _finish_installation(session, device)
        if unwanted:
            # Whoever deleted it may have done so before the machine was there.
            log.warning("device %s is gone; the machine that was being made for it is removed", machine.id)
            self._driver.destroy_machine(machine.id)

    def _installation_refused(self, device_id: str, goal: Goal, error: DriverError) -> None:
        log.warning("device %s: %s refused: %s", device_id, goal.value, error)
        with self._store.write() as session:
            device = self._given_back(session, device_id, goal)
            if device is None:
                return
            device.attempts += 1
            again = now() + (error.after or self._back_off.after(device.attempts))
            if error.retryable and device.deadline is not None and again < device.deadline:
                device.due_at = again
            else:
                _fail(session, device, str(error))

    def _power(self, device_id: str) -> None:
        with self._store.write() as session:
            device = self._held(session, device_id)
            if device is None:
                return
            goal = device.goal
            if goal is None or goal not in lifecycle.POWER_EVENTS:
                device.claimed_by = None
                return
            if goal in (Goal.REBOOT, Goal.RESCUE) and device.attempts == 0:
                tell(session, device, "power.201", "Reboot operation started")
        if not self._may_act(device_id):
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
            device = self._given_back(session, device_id, goal)
            if device is not None:
                tell(session, device, *lifecycle.POWER_EVENTS[goal])
                _reach(device, lifecycle.REACHED[goal])

    def _power_refused(self, device_id: str, goal: Goal, error: DriverError) -> None:
        log.warning("device %s: %s refused: %s", device_id, goal.value, error)
        found = self._driver.state(device_id)
        with self._store.write() as session:
            device = self._given_back(session, device_id, goal)
            if device is None:
                return
            device.attempts += 1
            if error.retryable and device.attempts < _POWER_ATTEMPTS:
                device.due_at = now() + self._back_off.after(device.attempts)
                return
            tell(session, device, "power.failed", f"{goal.value} failed: {error}")
            states = {Power.ON: State.ACTIVE, Power.OFF: State.INACTIVE, Power.ABSENT: State.FAILED}
            _reach(device, states[found])

    def _delete(self, device_id: str) -> None:
        # Needs no look at the claim: who is to be deleted stays so, and may be deleted twice.
        try:
            self._driver.destroy_machine(device_id)
        except DriverError as error:
            self._deletion_refused(device_id, error)
            return
        with self._store.write() as session:
            device = self._held(session, device_id)
            if device is not None:
                tell(session, device, "instance.deleted", f"{device.hostname} was deleted")
                give_back(device, now())
                session.delete(device)

    def _deletion_refused(self, device_id: str, error: DriverError) -> None:
        """Tried for ever: a machine that is forgotten is a machine that leaks."""
        log.warning("device %s: deletion refused: %s", device_id, error)
        with self._store.write() as session:
            device = self._given_back(session, device_id, Goal.DELETE)
            if device is None:
                return
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


@dataclass(frozen=True)
class _Outlook:
    """When something has to be done next; None means that nothing is to be done."""

    at: datetime
    device: datetime | None
    end_of_term: datetime | None = None
    routes: datetime | None = None
    volumes: datetime | None = None

    def is_due(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.at

    def seconds(self) -> float:
        """Until the first of what is not due yet."""
        moments = (self.device, self.end_of_term, self.routes, self.volumes)
        waits = [(moment - self.at).total_seconds() for moment in moments if moment is not None]
        return min([_LONGEST_WAIT, *(wait for wait in waits if wait > 0)])


def _is_unwanted(session: Session, device_id: str) -> bool:
    device = session.get(Device, device_id)
    return device is None or device.goal is Goal.DELETE


def _claimable() -> ColumnElement[bool]:
    """Devices that have a goal and are not worked on.

    What is claimed by the ``claimant`` and in none of its workers was left over by a mistake, and is taken
    up again.
    """
    return and_(
        Device.goal.is_not(None),
        or_(Device.claimed_by.is_(None), Device.claimed_by == bindparam("claimant", type_=String)),
        Device.id.not_in(bindparam("busy", expanding=True)),
    )


# Statements that are executed at every turn are made once: that costs more than to execute them.


@cache
def _outlook() -> Select[*tuple[Any, ...]]:
    """When the next device, end of term and volumes are due, and whether routes are."""
    due = select(Device.due_at).where(_claimable()).order_by(Device.due_at).limit(1)
    end = select(Device.termination_time).where(_may_end()).order_by(Device.termination_time).limit(1)
    return select(due.scalar_subquery(), end.scalar_subquery(), Routing.differ(), *Volumes.due_at())


@cache
def _claim() -> ReturningUpdate[str, Goal | None]:
    """Take ``most`` of the devices that are due."""
    due = (
        select(Device.id)
        .where(_claimable(), Device.due_at <= bindparam("at", type_=Moment))
        .order_by(Device.due_at)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(Device)
        .where(Device.id.in_(select(due.c.id)))
        # Nothing that users see has changed.
        .values(claimed_by=bindparam("claimant", type_=String), updated_at=Device.updated_at)
        .returning(Device.id, Device.goal)
        .execution_options(synchronize_session=False)
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
    for type_, body in lifecycle.PROVISIONING_EVENTS[device.progress : progress]:
        if "{addresses}" in body:
            body = body.format(addresses=", ".join(address.address for address in device.addresses))
        tell(session, device, type_, body)
    device.progress = max(device.progress, progress)


def _finish_installation(session: Session, device: Device) -> None:
    _advance(session, device, len(lifecycle.PROVISIONING_EVENTS))
    _reach(device, State.ACTIVE)


def _fail(session: Session, device: Device, reason: str) -> None:
    """The machine stays as it is, for someone to look at."""
    log.warning("device %s (%s) failed: %s", device.id, device.hostname, reason)
    tell(session, device, "provisioning.failed", f"Provisioning failed: {reason}")
    _reach(device, State.FAILED)
