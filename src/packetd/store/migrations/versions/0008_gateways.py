# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways of virtual networks, and batches of changes to what ports carry."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "vlan_assignment_batches",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("port", sa.String(), nullable=False),
        sa.Column("assignments", sa.JSON(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_vlan_assignment_batches_device_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vlan_assignment_batches")),
    )
    with op.batch_alter_table("vlan_assignment_batches") as batch:
        batch.create_index(batch.f("ix_vlan_assignment_batches_device_id"), ["device_id"])

    op.create_table(
        "gateways",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("virtual_network_id", sa.String(length=36), nullable=False),
        sa.Column("reservation_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_gateways_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["virtual_network_id"], ["virtual_networks.id"], name=op.f("fk_gateways_virtual_network_id")
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["ip_reservations.id"], name=op.f("fk_gateways_reservation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateways")),
        sa.UniqueConstraint("virtual_network_id", name=op.f("uq_gateways_virtual_network_id")),
        sa.UniqueConstraint("reservation_id", name=op.f("uq_gateways_reservation_id")),
    )
    with op.batch_alter_table("gateways") as batch:
        batch.create_index(batch.f("ix_gateways_project_id"), ["project_id"])
