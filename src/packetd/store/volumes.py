# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written to volumes by those who want something of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from packetd.model.volumes import SnapshotStatus, VolumeState, next_snapshot
from packetd.store.tables import Snapshot, SnapshotPolicy, Volume, now

_WAITS = Volume.state == VolumeState.QUEUED


def ask(volume: Volume, at: datetime) -> None:
    """Have block storage look at a volume at once."""
    volume.due_at, volume.attempts = at, 0


def add_snapshot(volume: Volume, at: datetime, policy: SnapshotPolicy | None = None) -> Snapshot:
    """A snapshot that is to be taken at once."""
    snapshot = Snapshot(created_at=at, policy_id=policy.id if policy else None, status=SnapshotStatus.QUEUED)
    volume.snapshots.append(snapshot)
    ask(volume, at)
    return snapshot


def add_policy(volume: Volume, frequency: str, count: int, at: datetime) -> SnapshotPolicy:
    """A policy whose first snapshot is due in one period (see model.volumes)."""
    policy = SnapshotPolicy(count=count)
    schedule(policy, frequency, at)
    volume.policies.append(policy)
    return policy


def schedule(policy: SnapshotPolicy, frequency: str, at: datetime) -> None:
    """Take snapshots so often from now on."""
    policy.frequency, policy.next_at = frequency, next_snapshot(frequency, at, at)


def trim(session: Session, policy: SnapshotPolicy) -> None:
    """Let the oldest snapshots of a policy go that are more than it keeps, unless they are being used."""
    kept = select(Snapshot).where(Snapshot.policy_id == policy.id, Snapshot.status != SnapshotStatus.DELETING)
    session.flush()
    for snapshot in session.scalars(kept.order_by(Snapshot.created_at.desc()).offset(policy.count)):
        if not in_use(session, snapshot):
            snapshot.status = SnapshotStatus.DELETING
            ask(policy.volume, now())


def in_use(session: Session, snapshot: Snapshot) -> bool:
    """Whether a snapshot is just being restored, or cloned."""
    if snapshot.volume.restored_snapshot_id == snapshot.id:
        return True
    clone = select(Volume.id).where(Volume.source_snapshot_id == snapshot.id, _WAITS).limit(1)
    return session.scalar(clone) is not None


def is_cloned(session: Session, volume: Volume) -> bool:
    """Whether a clone of a volume, or of a snapshot of it, is still to be made."""
    clone = select(Volume.id).where(Volume.source_volume_id == volume.id, _WAITS).limit(1)
    return session.scalar(clone) is not None
