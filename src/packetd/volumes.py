# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings volumes to what their users want of them, and takes the snapshots that policies ask for.

Each step is stored before the next one begins, and block storage can be told the same thing twice: after
a crash the work goes on where it was.
"""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from packetd.drivers import BlockStorage, DriverError, Export, VolumeOrder
from packetd.model.lifecycle import BackOff
from packetd.model.volumes import Act, SnapshotStatus, Step, VolumeState, next_snapshot, next_step
from packetd.store import Store
from packetd.store.events import tell
from packetd.store.tables import SnapshotPolicy, Volume, now
from packetd.store.volumes import add_snapshot, trim

log = logging.getLogger(__name__)


class Volumes:
    """Used by one thread at a time to apply(), and by the provisioner's dispatcher to ask due_at()."""

    def __init__(self, store: Store, block_storage: BlockStorage, back_off: BackOff) -> None:
        self._store = store
        self._block_storage = block_storage
        self._back_off = back_off

    @staticmethod
    def due_at() -> tuple[ColumnElement[datetime | None], ColumnElement[datetime]]:
        """When the next volume and the next policy are due: columns for a question to the database."""
        return (
            select(func.min(Volume.due_at)).scalar_subquery(),
            select(func.min(SnapshotPolicy.next_at)).scalar_subquery(),
        )

    def apply(self) -> None:
        """Do what is due, of policies and then of volumes; what is refused is tried again later."""
        with self._store.write() as session:
            _follow_policies(session)
        due = select(Volume.id).where(Volume.due_at <= now()).order_by(Volume.due_at)
        with self._store.read() as session:
            ids = session.scalars(due).all()
        for volume_id in ids:
            try:
                self._settle(volume_id)
            except DriverError as error:
                self._refused(volume_id, error)

    def _settle(self, volume_id: str) -> None:
        wanted = self._look(volume_id, None, None)
        while wanted is not None:
            step, order = wanted
            wanted = self._look(volume_id, step, self._perform(step, order))

    def _look(
        self, volume_id: str, done: Step | None, export: Export | None
    ) -> tuple[Step, VolumeOrder] | None:
        """Write down what was done and find what is next; a volume that needs nothing is left at rest."""
        with self._store.write() as session:
            volume = session.get(Volume, volume_id)
            if volume is None:
                return None
            if done is not None and done.act is Act.DESTROY:
                session.delete(volume)
                return None
            if done is not None:
                _note(session, volume, done, export)
            step = _next(volume)
            if step is None:
                volume.due_at, volume.attempts = None, 0
                return None
            order = VolumeOrder(volume.id, volume.size, volume.source_volume_id, volume.source_snapshot_id)
            return step, order

    def _perform(self, step: Step, order: VolumeOrder) -> Export | None:
        """Have block storage do it; raises DriverError."""
        if step.act is Act.MAKE:
            return self._block_storage.make(order)
        if step.act is Act.DESTROY:
            self._block_storage.destroy(order.id)
        elif step.act is Act.TAKE_SNAPSHOT:
            self._block_storage.take_snapshot(order.id, step.snapshot)
        elif step.act is Act.DROP_SNAPSHOT:
            self._block_storage.drop_snapshot(order.id, step.snapshot)
        else:
            self._block_storage.restore(order.id, step.snapshot)
        return None

    def _refused(self, volume_id: str, error: DriverError) -> None:
        log.warning("volume %s: refused: %s", volume_id, error)
        with self._store.write() as session:
            volume = session.get(Volume, volume_id)
            if volume is None:
                return
            if volume.state is VolumeState.QUEUED and not error.retryable:
                tell(session, volume, "volume.failed", f"Volume cannot be made: {error}")
                volume.state, volume.due_at = VolumeState.FAILED, None
                return
            if volume.attempts == 0:
                tell(session, volume, "volume.delayed", f"Refused, and tried again: {error}")
            volume.attempts += 1
            volume.due_at = now() + (error.after or self._back_off.after(volume.attempts))


def _follow_policies(session: Session) -> None:
    at = now()
    for policy in session.scalars(select(SnapshotPolicy).where(SnapshotPolicy.next_at <= at)):
        policy.next_at = next_snapshot(policy.frequency, policy.next_at, at)
        if policy.volume.state is VolumeState.ACTIVE:
            add_snapshot(policy.volume, at, policy)
            trim(session, policy)


def _next(volume: Volume) -> Step | None:
    return next_step(
        volume.state,
        grows=volume.made_size is not None and volume.size > volume.made_size,
        restores=volume.restored_snapshot_id,
        snapshots=[(snapshot.id, snapshot.status) for snapshot in volume.snapshots],
    )


def _note(session: Session, volume: Volume, done: Step, export: Export | None) -> None:
    """Write down that a step was done. The user may have wanted something else since it began."""
    snapshot = next((item for item in volume.snapshots if item.id == done.snapshot), None)
    if export is not None:
        volume.iqn, volume.portals, volume.made_size = export.iqn, list(export.portals), export.size_gib
        volume.source_volume_id = volume.source_snapshot_id = None
        if volume.state is VolumeState.QUEUED:
            volume.state = VolumeState.ACTIVE
            tell(session, volume, "volume.active", f"{volume.name} is ready")
    elif done.act is Act.RESTORE:
        volume.restored_snapshot_id = None
        if volume.state is VolumeState.RESTORING:
            volume.state = VolumeState.ACTIVE
            tell(session, volume, "volume.restored", f"{volume.name} was restored")
    elif snapshot is not None and done.act is Act.DROP_SNAPSHOT:
        volume.snapshots.remove(snapshot)
    elif snapshot is not None and snapshot.status is SnapshotStatus.QUEUED:
        snapshot.status = SnapshotStatus.AVAILABLE
