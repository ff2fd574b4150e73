# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines, what was asked of them, and how far they are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from packetd.model.lifecycle import Goal, State
from packetd.store.tables.accounts import SSHKey
from packetd.store.tables.base import Changing, Table, Thing, now

if TYPE_CHECKING:
    from packetd.store.tables.addresses import Assignment
    from packetd.store.tables.hardware import HardwareReservation
    from packetd.store.tables.networks import BGPSession, VlanAssignment
    from packetd.store.tables.volumes import VolumeAttachment


class Batch(Thing, Table):
    __tablename__ = "batches"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    quantity: Mapped[int]


class Device(Changing, Table):
    """A machine that was asked for.

    ``state`` is what the API shows; ``goal`` is what the provisioner still has to do, None when nothing.
    ``due_at`` says when it looks again, ``attempts`` how often the driver refused so far.
    ``installed_at`` and ``phoned_home_at`` tell how far the current installation came.
    ``claimed_by`` is the server that is at it just now.
    ``revision`` is another after every change of what is shown of it: the database sees to that.
    """

    __tablename__ = "devices"
    # None once the project was deleted while the device was on its way out.
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    hardware_reservation_id: Mapped[str | None] = mapped_column(
        ForeignKey("hardware_reservations.id", ondelete="SET NULL"), unique=True
    )
    spot_market_request_id: Mapped[str | None] = mapped_column(
        ForeignKey("spot_market_requests.id", ondelete="SET NULL"), index=True
    )
    hostname: Mapped[str] = mapped_column(index=True)
    description: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    plan: Mapped[str]
    operating_system: Mapped[str]
    facility: Mapped[str]
    metro: Mapped[str]
    billing_cycle: Mapped[str]
    locked: Mapped[bool] = mapped_column(default=False)
    userdata: Mapped[str] = mapped_column(default="")
    customdata: Mapped[dict[str, Any]] = mapped_column(default=dict)
    ipxe_script_url: Mapped[str | None]
    always_pxe: Mapped[bool] = mapped_column(default=False)
    termination_time: Mapped[datetime | None] = mapped_column(index=True)
    spot_instance: Mapped[bool] = mapped_column(default=False)
    spot_price_max: Mapped[float | None]
    storage: Mapped[dict[str, Any]] = mapped_column(default=dict)
    features: Mapped[dict[str, Any]] = mapped_column(default=dict)
    image_url: Mapped[str | None]
    network_frozen: Mapped[bool] = mapped_column(default=False)
    root_password: Mapped[str | None]
    revision: Mapped[str] = mapped_column(default="", server_default="")

    state: Mapped[State] = mapped_column(default=State.QUEUED, index=True)
    goal: Mapped[Goal | None] = mapped_column(default=Goal.PROVISION)
    due_at: Mapped[datetime] = mapped_column(default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    progress: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None] = mapped_column(ForeignKey("servers.id", ondelete="SET NULL"), index=True)
    deadline: Mapped[datetime | None]
    installed_at: Mapped[datetime | None]
    phoned_home_at: Mapped[datetime | None]

    # Its ports, as model/ports.py has them.
    layer: Mapped[int] = mapped_column(default=3)
    individual_ports: Mapped[list[str]] = mapped_column(default=list)

    addresses: Mapped[list[DeviceAddress]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="DeviceAddress.position"
    )
    assignments: Mapped[list[Assignment]] = relationship(
        back_populates="device",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="Assignment.created_at",
    )
    vlan_assignments: Mapped[list[VlanAssignment]] = relationship(
        back_populates="device", cascade="all, delete-orphan", passive_deletes=True
    )
    bgp_sessions: Mapped[list[BGPSession]] = relationship(
        back_populates="device", cascade="all, delete-orphan", passive_deletes=True
    )
    volume_attachments: Mapped[list[VolumeAttachment]] = relationship(
        back_populates="device",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="VolumeAttachment.created_at",
    )
    ssh_keys: Mapped[list[SSHKey]] = relationship(secondary="device_ssh_keys", order_by=SSHKey.created_at)
    hardware_reservation: Mapped[HardwareReservation | None] = relationship(back_populates="device")

    @property
    def iqn(self) -> str:
        """The name under which it logs in to volumes (RFC 3720, 3.2.6.3.1)."""
        return f"iqn.{self.created_at:%Y-%m}.net.packet:device.{self.id[:8]}"

    # What the provisioner asks for at every turn: found without looking at devices that are at rest.
    __table_args__ = (
        Index(
            "ix_devices_due",
            "due_at",
            sqlite_where=text("goal IS NOT NULL"),
            postgresql_where=text("goal IS NOT NULL"),
        ),
    )


class DeviceSSHKey(Table):
    __tablename__ = "device_ssh_keys"
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    ssh_key_id: Mapped[str] = mapped_column(ForeignKey("ssh_keys.id", ondelete="CASCADE"), primary_key=True)


class DeviceAddress(Thing, Table):
    """An address a device has for life. That it is unique here is what keeps it from being given twice.

    It is not ``attached`` while the device's network is layer 2: then it is kept for the device.
    """

    __tablename__ = "device_addresses"
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    address: Mapped[str] = mapped_column(unique=True)
    network: Mapped[str] = mapped_column(index=True)
    gateway: Mapped[str]
    cidr: Mapped[int]
    family: Mapped[int]
    public: Mapped[bool]
    attached: Mapped[bool] = mapped_column(default=True)
