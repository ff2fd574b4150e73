# SPDX-License-Identifier: GPL-3.0-or-later
"""Reserved hardware, stock and the spot market; what devices have besides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _hardware()
    _market()
    with op.batch_alter_table("devices") as devices:
        devices.add_column(sa.Column("hardware_reservation_id", sa.String(length=36), nullable=True))
        devices.add_column(sa.Column("spot_market_request_id", sa.String(length=36), nullable=True))
        for name in ("spot_instance", "network_frozen"):
            devices.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
        devices.add_column(sa.Column("spot_price_max", sa.Double(), nullable=True))
        for name in ("storage", "features"):
            devices.add_column(sa.Column(name, sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
        for name in ("image_url", "root_password"):
            devices.add_column(sa.Column(name, sa.String(), nullable=True))
        devices.create_foreign_key(
            "fk_devices_hardware_reservation_id",
            "hardware_reservations",
            ["hardware_reservation_id"],
            ["id"],
            ondelete="SET NULL",
        )
        devices.create_foreign_key(
            "fk_devices_spot_market_request_id",
            "spot_market_requests",
            ["spot_market_request_id"],
            ["id"],
            ondelete="SET NULL",
        )
        devices.create_unique_constraint("uq_devices_hardware_reservation_id", ["hardware_reservation_id"])
        devices.create_index("ix_devices_spot_market_request_id", ["spot_market_request_id"])
    op.create_index("ix_device_addresses_network", "device_addresses", ["network"])


def _hardware() -> None:
    op.create_table(
        "hardware_reservations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("spare", sa.Boolean(), nullable=False),
        sa.Column("need_of_service", sa.Boolean(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("rest", sa.Double(), nullable=False),
        sa.Column("rested_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_hardware_reservations_project_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_hardware_reservations"),
    )
    op.create_index("ix_hardware_reservations_project_id", "hardware_reservations", ["project_id"])
    op.create_table(
        "stock",
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("servers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plan", "facility", name="pk_stock"),
    )


def _market() -> None:
    op.create_table(
        "spot_prices",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("price", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spot_prices"),
    )
    op.create_table(
        "spot_market_requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("devices_min", sa.Integer(), nullable=False),
        sa.Column("devices_max", sa.Integer(), nullable=False),
        sa.Column("max_bid_price", sa.Double(), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facilities", sa.JSON(), nullable=False),
        sa.Column("metro", sa.String(), nullable=True),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("order", sa.JSON(), nullable=False),
        sa.Column("hostnames", sa.JSON(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_spot_market_requests_project_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_spot_market_requests_user_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_spot_market_requests"),
    )
    op.create_index("ix_spot_market_requests_project_id", "spot_market_requests", ["project_id"])
