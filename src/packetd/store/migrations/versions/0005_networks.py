# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual networks, ports that can be converted, BGP, and reservations that wait for approval."""

from ipaddress import ip_network

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _create_virtual_networks()
    _create_bgp()
    with op.batch_alter_table("devices") as batch:
        batch.add_column(sa.Column("layer", sa.Integer(), nullable=False, server_default="3"))
        batch.add_column(sa.Column("individual_ports", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("device_addresses") as batch:
        batch.add_column(sa.Column("attached", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("ip_reservations") as batch:
        batch.alter_column("network", existing_type=sa.String(), nullable=True)
        batch.add_column(sa.Column("quantity", sa.Integer(), nullable=False, server_default="1"))
    _count_addresses()


def _create_virtual_networks() -> None:
    op.create_table(
        "virtual_networks",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("metro", sa.String(), nullable=False),
        sa.Column("vxlan", sa.Integer(), nullable=False),
        sa.Column("facility", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_virtual_networks_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_virtual_networks")),
        sa.UniqueConstraint("project_id", "metro", "vxlan", name=op.f("uq_virtual_networks_project_id")),
    )
    op.create_table(
        "vlan_assignments",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("virtual_network_id", sa.String(length=36), nullable=False),
        sa.Column("port", sa.String(), nullable=False),
        sa.Column("native", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_vlan_assignments_device_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["virtual_network_id"],
            ["virtual_networks.id"],
            name=op.f("fk_vlan_assignments_virtual_network_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vlan_assignments")),
        sa.UniqueConstraint("device_id", "virtual_network_id", name=op.f("uq_vlan_assignments_device_id")),
    )
    with op.batch_alter_table("vlan_assignments") as batch:
        batch.create_index(batch.f("ix_vlan_assignments_virtual_network_id"), ["virtual_network_id"])


def _create_bgp() -> None:
    op.create_table(
        "bgp_configs",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("deployment_type", sa.String(), nullable=False),
        sa.Column("asn", sa.BigInteger(), nullable=False),
        sa.Column("md5", sa.String(), nullable=True),
        sa.Column("use_case", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_bgp_configs_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bgp_configs")),
        sa.UniqueConstraint("project_id", name=op.f("uq_bgp_configs_project_id")),
    )
    op.create_table(
        "bgp_sessions",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("address_family", sa.String(), nullable=False),
        sa.Column("default_route", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_bgp_sessions_device_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bgp_sessions")),
        sa.UniqueConstraint("device_id", "address_family", name=op.f("uq_bgp_sessions_device_id")),
    )


def _count_addresses() -> None:
    """How many addresses the reservations of old have."""
    reservations = sa.table("ip_reservations", sa.column("network"), sa.column("quantity"))
    connection = op.get_bind()
    for (network,) in connection.execute(sa.select(reservations.c.network)).all():
        connection.execute(
            reservations.update()
            .where(reservations.c.network == network)
            .values(quantity=ip_network(network).num_addresses)
        )
