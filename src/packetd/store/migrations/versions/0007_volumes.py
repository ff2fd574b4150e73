# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes, their attachments and snapshots."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _volumes()
    _attachments()
    _policies()
    _snapshots()


def _volumes() -> None:
    op.create_table(
        "volumes",
        sa.Column("project_id", sa.String(length=36), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("billing_cycle", sa.String(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("customdata", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("made_size", sa.Integer(), nullable=True),
        sa.Column("iqn", sa.String(), nullable=True),
        sa.Column("portals", sa.JSON(), nullable=False),
        sa.Column("source_volume_id", sa.String(length=36), nullable=True),
        sa.Column("source_snapshot_id", sa.String(length=36), nullable=True),
        sa.Column("restored_snapshot_id", sa.String(length=36), nullable=True),
        *_of_a_thing(),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_volumes_project_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volumes")),
    )
    op.create_index(op.f("ix_volumes_project_id"), "volumes", ["project_id"])
    op.create_index(op.f("ix_volumes_due_at"), "volumes", ["due_at"])
    op.create_index(op.f("ix_volumes_source_volume_id"), "volumes", ["source_volume_id"])


def _attachments() -> None:
    op.create_table(
        "volume_attachments",
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        *_of_a_thing(),
        _goes_with("volume_attachments", "volume_id", "volumes"),
        _goes_with("volume_attachments", "device_id", "devices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_attachments")),
        sa.UniqueConstraint("volume_id", name=op.f("uq_volume_attachments_volume_id")),
    )
    op.create_index(op.f("ix_volume_attachments_device_id"), "volume_attachments", ["device_id"])


def _policies() -> None:
    op.create_table(
        "snapshot_policies",
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("frequency", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        *_of_a_thing(),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        _goes_with("snapshot_policies", "volume_id", "volumes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot_policies")),
    )
    op.create_index(op.f("ix_snapshot_policies_volume_id"), "snapshot_policies", ["volume_id"])
    op.create_index(op.f("ix_snapshot_policies_next_at"), "snapshot_policies", ["next_at"])


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("policy_id", sa.String(length=36), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        *_of_a_thing(),
        _goes_with("snapshots", "volume_id", "volumes"),
        sa.ForeignKeyConstraint(
            ["policy_id"],
            ["snapshot_policies.id"],
            name=op.f("fk_snapshots_policy_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    op.create_index(op.f("ix_snapshots_volume_id"), "snapshots", ["volume_id"])
    op.create_index(op.f("ix_snapshots_policy_id"), "snapshots", ["policy_id"])


def _of_a_thing() -> tuple[sa.Column[str], sa.Column[datetime]]:
    return (
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )


def _goes_with(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{owner}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )
