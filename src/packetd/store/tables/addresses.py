# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic addresses: reserved by projects, assigned to devices, routed by drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from packetd.store.tables.base import Table, Thing

if TYPE_CHECKING:
    from packetd.store.tables.devices import Device
    from packetd.store.tables.networks import Gateway


class Reservation(Thing, Table):
    """A block of ``quantity`` elastic addresses that belongs to a project.

    ``network`` is "198.51.100.128/32"; None while the request is pending.
    """

    __tablename__ = "ip_reservations"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    network: Mapped[str | None] = mapped_column(unique=True)
    quantity: Mapped[int] = mapped_column(default=1)
    type: Mapped[str]
    facility: Mapped[str | None]
    metro: Mapped[str | None]
    details: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    customdata: Mapped[dict[str, Any]] = mapped_column(default=dict)

    gateway: Mapped[Gateway | None] = relationship(back_populates="reservation", passive_deletes="all")
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
