# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables. Identifiers are UUIDs as text; moments are aware and in UTC."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Dialect, Enum, ForeignKey, Index, MetaData, String, TypeDecorator, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from packetd.model.lifecycle import Goal, State


class Moment(TypeDecorator[datetime]):
    """A point in time; SQLite forgets the zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC)


def _words(kind: type[StrEnum]) -> Enum:
    """Kept as the words themselves, so that new ones need no migration."""
    return Enum(
        kind, native_enum=False, length=20, values_callable=lambda all_: [word.value for word in all_]
    )


def new_id() -> str:
    """A version-4 UUID: older clients refuse any other version."""
    return str(uuid.uuid4())


def now() -> datetime:
    return datetime.now(UTC)


class Table(DeclarativeBase):
    """Base of all tables. Constraints are named so that migrations can change them anywhere."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        State: _words(State),
        Goal: _words(Goal),
    }


class Setting(Table):
    """What this state was made with, e.g. which driver its machines belong to."""

    __tablename__ = "settings"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Thing:
    """What every object of the API has."""

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Changing(Thing):
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class User(Changing, Table):
    __tablename__ = "users"
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)


class Token(Thing, Table):
    """An API token; only its digest is kept."""

    __tablename__ = "tokens"
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    read_only: Mapped[bool]


class Organization(Changing, Table):
    __tablename__ = "organizations"
    name: Mapped[str]
    description: Mapped[str | None]
    customdata: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Project(Changing, Table):
    __tablename__ = "projects"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    name: Mapped[str]
    customdata: Mapped[dict[str, Any]] = mapped_column(default=dict)
    payment_method_id: Mapped[str | None]
    backend_transfer_enabled: Mapped[bool] = mapped_column(default=False)


class SSHKey(Changing, Table):
    """A public key of a project, or of a user where ``project_id`` is None."""

    __tablename__ = "ssh_keys"
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    label: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]


class Batch(Thing, Table):
    __tablename__ = "batches"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    quantity: Mapped[int]


class Device(Changing, Table):
    """A machine that was asked for.

    ``state`` is what the API shows; ``goal`` is what the provisioner still has to do, None when nothing.
    ``due_at`` says when it looks again, ``attempts`` how often the driver refused so far.
    ``installed_at`` and ``phoned_home_at`` tell how far the current installation came.
    """

    __tablename__ = "devices"
    # None once the project was deleted while the device was on its way out.
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
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

    state: Mapped[State] = mapped_column(default=State.QUEUED, index=True)
    goal: Mapped[Goal | None] = mapped_column(default=Goal.PROVISION)
    due_at: Mapped[datetime] = mapped_column(default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    progress: Mapped[int] = mapped_column(default=0)
    deadline: Mapped[datetime | None]
    installed_at: Mapped[datetime | None]
    phoned_home_at: Mapped[datetime | None]

    addresses: Mapped[list[DeviceAddress]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="DeviceAddress.position"
    )
    assignments: Mapped[list[Assignment]] = relationship(
        back_populates="device",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="Assignment.created_at",
    )
    ssh_keys: Mapped[list[SSHKey]] = relationship(secondary="device_ssh_keys", order_by=SSHKey.created_at)

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
    """An address a device has for life. That it is unique here is what keeps it from being given twice."""

    __tablename__ = "device_addresses"
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    address: Mapped[str] = mapped_column(unique=True)
    network: Mapped[str]
    gateway: Mapped[str]
    cidr: Mapped[int]
    family: Mapped[int]
    public: Mapped[bool]


class Reservation(Thing, Table):
    """A block of elastic addresses that belongs to a project; ``network`` is "198.51.100.128/32"."""

    __tablename__ = "ip_reservations"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    network: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    facility: Mapped[str | None]
    metro: Mapped[str | None]
    details: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    customdata: Mapped[dict[str, Any]] = mapped_column(default=dict)

    assignments: Mapped[list[Assignment]] = relationship(
        back_populates="reservation", cascade="all, delete-orphan", order_by="Assignment.created_at"
    )


class Assignment(Thing, Table):
    """A part of a reservation, routed to a device; ``network`` is "198.51.100.128/32"."""

    __tablename__ = "ip_assignments"
    reservation_id: Mapped[str] = mapped_column(
        ForeignKey("ip_reservations.id", ondelete="CASCADE"), index=True
    )
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    network: Mapped[str] = mapped_column(unique=True)
    manageable: Mapped[bool] = mapped_column(default=True)

    reservation: Mapped[Reservation] = relationship(back_populates="assignments")
    device: Mapped[Device] = relationship(back_populates="assignments")


class Route(Table):
    """What the driver was last told to route where: no keys to other tables, as it outlives them."""

    __tablename__ = "routes"
    network: Mapped[str] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(String(36))


class Event(Table):
    """What happened, in order of ``serial``.

    Events outlive the device they tell of, so they refer to it without a key.
    """

    __tablename__ = "events"
    serial: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(36), default=new_id, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    type: Mapped[str]
    body: Mapped[str]
    project_id: Mapped[str | None] = mapped_column(String(36), index=True)
    device_id: Mapped[str | None] = mapped_column(String(36), index=True)
    user_id: Mapped[str | None] = mapped_column(String(36))
    ip: Mapped[str | None]
