# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes over a real database and the simulated block storage, which fails when told to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from packetd.drivers import DriverError, Export, VolumeOrder
from packetd.drivers.record import RecordDriver, url_of
from packetd.drivers.record_volumes import RecordedVolumes
from packetd.model.lifecycle import BackOff
from packetd.model.volumes import FREQUENCIES, SnapshotStatus, VolumeState, next_snapshot
from packetd.store import Store, open_sqlite
from packetd.store.tables import Event, Snapshot, SnapshotPolicy, Volume, now
from packetd.store.volumes import add_policy, add_snapshot, ask
from packetd.volumes import Volumes

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@given(st.sampled_from(sorted(FREQUENCIES)), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=900)))
def test_the_next_snapshot_is_one_period_later_or_the_first_one_not_missed(
    frequency: str, last: datetime, passed: timedelta
) -> None:
    at = next_snapshot(frequency, last, last + passed)
    assert at > last + passed
    assert next_snapshot(frequency, last, last) <= at
    months, step = FREQUENCIES[frequency]
    assert at - (last + passed) <= max(step, timedelta(days=31 * months))


def test_a_month_after_the_31st_is_the_last_of_the_next() -> None:
    last = datetime(2027, 1, 31, 12, tzinfo=UTC)
    assert next_snapshot("1month", last, last) == datetime(2027, 2, 28, 12, tzinfo=UTC)


class CrashError(Exception):
    """The end of the process."""


class Failing(RecordedVolumes):
    """Crashes at the call of this number, before or after it was carried out; or refuses it."""

    crash_at: int | None = None
    before = True
    refusals: list[DriverError]

    def __init__(self, volumes: RecordedVolumes) -> None:
        super().__init__(volumes._execute)
        self.refusals = []
        self.calls: list[str] = []

    def _called(self, what: str, before: bool) -> None:
        if before:
            self.calls.append(what)
            if self.refusals:
                raise self.refusals.pop(0)
        if len(self.calls) == self.crash_at and before is self.before:
            self.crash_at = None
            raise CrashError

    def make(self, order: VolumeOrder) -> Export:
        self._called("make", True)
        export = super().make(order)
        self._called("make", False)
        return export

    def destroy(self, volume_id: str) -> None:
        self._called("destroy", True)
        super().destroy(volume_id)
        self._called("destroy", False)

    def take_snapshot(self, volume_id: str, snapshot_id: str) -> None:
        self._called("take", True)
        super().take_snapshot(volume_id, snapshot_id)
        self._called("take", False)

    def drop_snapshot(self, volume_id: str, snapshot_id: str) -> None:
        self._called("drop", True)
        super().drop_snapshot(volume_id, snapshot_id)
        self._called("drop", False)

    def restore(self, volume_id: str, snapshot_id: str) -> None:
        self._called("restore", True)
        super().restore(volume_id, snapshot_id)
        self._called("restore", False)


class World:
    def __init__(self, state: Path) -> None:
        self.store: Store = open_sqlite(state / "packetd.sqlite")
        self.driver = RecordDriver(url_of(state, None))
        self.driver.start()
        self.block_storage = Failing(self.driver.block_storage)
        self.volumes = Volumes(self.store, self.block_storage, BackOff(timedelta(), timedelta()))

    def add(self, **fields: object) -> str:
        values = {"plan": "storage_1", "facility": "ewr1", "size": 10, "billing_cycle": "hourly"}
        with self.store.write() as session:
            volume = Volume(**(values | fields))
            session.add(volume)
            ask(volume, now())
            session.flush()
            return volume.id

    def settle(self) -> None:
        """Apply until nothing is due, over crashes."""
        for _ in range(20):
            try:
                self.volumes.apply()
            except CrashError:
                continue
            with self.store.read() as session:
                if session.scalar(select(Volume.id).where(Volume.due_at.is_not(None))) is None:
                    return
        raise AssertionError("not at rest")

    def content(self, volume_id: str) -> str:
        """What is on a volume, as the driver recorded it."""
        return self.block_storage._volume(volume_id)

    def recorded(self, table: str) -> set[str]:
        return {row[0] for row in self.driver._execute(f"SELECT * FROM {table}")}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.driver.stop()
    made.store.close()


def test_a_volume_is_made_and_grows(world: World) -> None:
    volume_id = world.add(size=10)
    world.settle()
    with world.store.write() as session:
        volume = session.get_one(Volume, volume_id)
        assert (volume.state, volume.made_size, volume.iqn is None) == (VolumeState.ACTIVE, 10, False)
        volume.size = 25
        ask(volume, now())
    world.settle()
    with world.store.read() as session:
        assert session.get_one(Volume, volume_id).made_size == 25


def _at_work(session: Session, world: World, volume_id: str, other_id: str) -> None:
    """A volume that grows, is snapshot, cloned, restored and loses a snapshot, and one that is deleted."""
    volume, other = session.get_one(Volume, volume_id), session.get_one(Volume, other_id)
    volume.size = 20
    kept, dropped = (snapshot for snapshot in volume.snapshots)
    dropped.status = SnapshotStatus.DELETING
    add_snapshot(volume, now())
    volume.restored_snapshot_id, volume.state = kept.id, VolumeState.RESTORING
    other.state = VolumeState.DEPROVISIONING
    ask(other, now())


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("crash_at", range(1, 7))
def test_a_crash_at_any_call_changes_nothing_in_the_end(world: World, crash_at: int, before: bool) -> None:
    volume_id, other_id = world.add(), world.add()
    world.settle()
    with world.store.write() as session:
        for volume in (session.get_one(Volume, volume_id), session.get_one(Volume, other_id)):
            add_snapshot(volume, now())
            add_snapshot(volume, now())
    world.settle()
    with world.store.write() as session:
        _at_work(session, world, volume_id, other_id)
    clone_id = world.add(source_volume_id=volume_id)
    world.block_storage.calls.clear()
    world.block_storage.crash_at, world.block_storage.before = crash_at, before
    world.settle()

    assert world.block_storage.crash_at is None
    assert world.content(clone_id) == world.content(volume_id) == volume_id
    assert world.recorded("volumes") == {volume_id, clone_id}
    with world.store.read() as session:
        volume = session.get_one(Volume, volume_id)
        assert (volume.state, volume.made_size) == (VolumeState.ACTIVE, 20)
        assert [snapshot.status for snapshot in volume.snapshots] == [SnapshotStatus.AVAILABLE] * 2
        assert {snapshot.id for snapshot in volume.snapshots} == world.recorded("snapshots")
        assert session.get(Volume, other_id) is None


def test_policies_take_snapshots_when_due_and_keep_so_many(world: World) -> None:
    volume_id = world.add()
    world.settle()
    with world.store.write() as session:
        add_policy(session.get_one(Volume, volume_id), "1hour", 2, now())
        add_snapshot(session.get_one(Volume, volume_id), now() - timedelta(days=1))
    for _ in range(4):
        with world.store.write() as session:
            session.scalars(select(SnapshotPolicy)).one().next_at = now() - timedelta(minutes=90)
        world.settle()
    with world.store.read() as session:
        of_policy = [item.policy_id is not None for item in session.scalars(select(Snapshot))]
        assert sorted(of_policy) == [False, True, True]
        due = session.scalars(select(SnapshotPolicy)).one().next_at
        assert timedelta(0) < due - now() < timedelta(minutes=31)


def test_what_is_refused_for_good_fails_and_what_is_busy_is_tried_again(world: World) -> None:
    world.block_storage.refusals = [DriverError("busy", retryable=True), DriverError("busy", retryable=True)]
    patient = world.add()
    world.settle()
    world.block_storage.refusals = [DriverError("no such disks")]
    hopeless = world.add()
    world.settle()
    with world.store.read() as session:
        states = [session.get_one(Volume, id_).state for id_ in (patient, hopeless)]
        assert states == [VolumeState.ACTIVE, VolumeState.FAILED]
        bodies = session.scalars(select(Event.body).where(Event.volume_id == hopeless)).all()
        assert bodies == ["Volume cannot be made: no such disks"]
