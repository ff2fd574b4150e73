# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes, where they are attached, and their snapshots."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from packetd.model.volumes import SnapshotStatus, VolumeState
from packetd.store.tables.base import Changing, Table, Thing

if TYPE_CHECKING:
    from packetd.store.tables.devices import Device


class Volume(Changing, Table):
    """A volume that was asked for; sizes are in GiB.

    ``due_at`` says when block storage is told the next thing about it, None when all is done; ``attempts``
    how often it refused so far. ``made_size`` is what it has made, None before that.
    """

    __tablename__ = "volumes"
    # None once the project was deleted while the volume was on its way out.
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    description: Mapped[str | None]
    plan: Mapped[str]
    facility: Mapped[str]
    size: Mapped[int]
    billing_cycle: Mapped[str]
    locked: Mapped[bool] = mapped_column(default=False)
    customdata: Mapped[dict[str, Any]] = mapped_column(default=dict)

    state: Mapped[VolumeState] = mapped_column(default=VolumeState.QUEUED)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    made_size: Mapped[int | None]
    iqn: Mapped[str | None]
    portals: Mapped[list[str]] = mapped_column(default=list)
    # What a clone is made from, None once it was made: no keys, as nothing of it is shown.
    source_volume_id: Mapped[str | None] = mapped_column(String(36), index=True)
    source_snapshot_id: Mapped[str | None] = mapped_column(String(36))
    restored_snapshot_id: Mapped[str | None] = mapped_column(String(36))

    attachments: Mapped[list[VolumeAttachment]] = relationship(
        back_populates="volume",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="VolumeAttachment.created_at",
    )
    snapshots: Mapped[list[Snapshot]] = relationship(
        back_populates="volume",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="Snapshot.created_at",
    )
    policies: Mapped[list[SnapshotPolicy]] = relationship(
        back_populates="volume",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="SnapshotPolicy.created_at",
    )

    @property
    def name(self) -> str:
        return f"volume-{self.id[:8]}"


class VolumeAttachment(Thing, Table):
    """That a device may use a volume: one device at a time."""

    __tablename__ = "volume_attachments"
    volume_id: Mapped[str] = mapped_column(ForeignKey("volumes.id", ondelete="CASCADE"), unique=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)

    volume: Mapped[Volume] = relationship(back_populates="attachments")
    device: Mapped[Device] = relationship(back_populates="volume_attachments")


class SnapshotPolicy(Changing, Table):
    """That a snapshot is taken now and then (see model.volumes), and so many of them are kept."""

    __tablename__ = "snapshot_policies"
    volume_id: Mapped[str] = mapped_column(ForeignKey("volumes.id", ondelete="CASCADE"), index=True)
    frequency: Mapped[str]
    count: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(index=True)

    volume: Mapped[Volume] = relationship(back_populates="policies")


class Snapshot(Thing, Table):
    """What was on a volume at ``created_at``; ``policy_id`` is None for one that a user asked for."""

    __tablename__ = "snapshots"
    volume_id: Mapped[str] = mapped_column(ForeignKey("volumes.id", ondelete="CASCADE"), index=True)
    policy_id: Mapped[str | None] = mapped_column(
        ForeignKey("snapshot_policies.id", ondelete="SET NULL"), index=True
    )
    status: Mapped[SnapshotStatus] = mapped_column(default=SnapshotStatus.QUEUED)

    volume: Mapped[Volume] = relationship(back_populates="snapshots")
