# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: their states, what has to be done to one next, and when a policy takes a snapshot."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# GiB, as the CSI driver of 2020 bounds them too.
SMALLEST, LARGEST, DEFAULT_SIZE = 10, 10_000, 100
MOST_SNAPSHOTS = 256


class VolumeState(StrEnum):
    QUEUED = "queued"
    ACTIVE = "active"
    RESTORING = "restoring"
    DEPROVISIONING = "deprovisioning"
    FAILED = "failed"


class SnapshotStatus(StrEnum):
    QUEUED = "queued"
    AVAILABLE = "available"
    DELETING = "deleting"


class Act(StrEnum):
    """What block storage can be told to do with a volume."""

    MAKE = "make"  # also lets it grow
    DESTROY = "destroy"
    TAKE_SNAPSHOT = "take a snapshot"
    DROP_SNAPSHOT = "drop a snapshot"
    RESTORE = "restore"


@dataclass(frozen=True)
class Step:
    """``snapshot`` is the id of the one that is taken, dropped or restored, else ""."""

    act: Act
    snapshot: str = ""


def next_step(
    state: VolumeState,
    *,
    grows: bool,
    restores: str | None,
    snapshots: Sequence[tuple[str, SnapshotStatus]],
) -> Step | None:
    """What a volume needs next, None when it is as its user wants it.

    ``restores`` is the snapshot that is to be restored, ``snapshots`` are the ids and statuses of all.
    """
    if state is VolumeState.DEPROVISIONING:
        return Step(Act.DESTROY)
    if state is VolumeState.QUEUED or (grows and state is not VolumeState.FAILED):
        return Step(Act.MAKE)
    for id_, status in snapshots:
        # What was asked for before a restoration is done before it.
        if status is SnapshotStatus.QUEUED:
            return Step(Act.TAKE_SNAPSHOT, id_)
        if status is SnapshotStatus.DELETING and id_ != restores:
            return Step(Act.DROP_SNAPSHOT, id_)
    return Step(Act.RESTORE, restores) if restores is not None else None


# By name, as (months, time).
FREQUENCIES: dict[str, tuple[int, timedelta]] = {
    "15min": (0, timedelta(minutes=15)),
    "1hour": (0, timedelta(hours=1)),
    "1day": (0, timedelta(days=1)),
    "1week": (0, timedelta(weeks=1)),
    "1month": (1, timedelta()),
    "1year": (12, timedelta()),
}


def next_snapshot(frequency: str, last: datetime, now: datetime) -> datetime:
    """When the next snapshot is due after one at ``last``: always behind ``now``.

    What was missed while nobody looked is not made up for. A month after the 31st is the last day of the
    month that follows."""
    months, step = FREQUENCIES[frequency]
    if not months:
        return last + step * max(1, (now - last) // step + 1)
    passed = (now.year - last.year) * 12 + now.month - last.month
    number = max(1, passed // months)
    moment = _months_after(last, number * months)
    return moment if moment > now else _months_after(last, (number + 1) * months)


def _months_after(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
