# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that are kept for a project, and how many there are of the others."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from packetd.store.tables.base import Table, Thing

if TYPE_CHECKING:
    from packetd.store.tables.devices import Device


class HardwareReservation(Thing, Table):
    """One machine that only its project may use.

    ``rest`` is how many seconds it cannot be used after a device on it is gone; ``rested_at`` is when
    that is over. A spare one is used by nobody until it is activated.
    """

    __tablename__ = "hardware_reservations"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    plan: Mapped[str]
    facility: Mapped[str]
    spare: Mapped[bool] = mapped_column(default=False)
    need_of_service: Mapped[bool] = mapped_column(default=False)
    description: Mapped[str | None]
    rest: Mapped[float] = mapped_column(default=0.0)
    rested_at: Mapped[datetime | None]

    device: Mapped[Device | None] = relationship(back_populates="hardware_reservation", passive_deletes=True)


class Stock(Table):
    """How many machines of a plan a facility has besides reserved ones; without a row there is no end."""

    __tablename__ = "stock"
    plan: Mapped[str] = mapped_column(primary_key=True)
    facility: Mapped[str] = mapped_column(primary_key=True)
    servers: Mapped[int]
