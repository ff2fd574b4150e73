# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from packetd.store.tables.base import Table, new_id, now


class Event(Table):
    """What happened, in order of ``serial``.

    Events outlive what they tell of, so they refer to it without a key. What happens in a project has
    a ``project_id``, and only what happens outside of projects has an ``organization_id``.
    """

    __tablename__ = "events"
    serial: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(36), default=new_id, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    type: Mapped[str]
    body: Mapped[str]
    project_id: Mapped[str | None] = mapped_column(String(36), index=True)
    organization_id: Mapped[str | None] = mapped_column(String(36), index=True)
    device_id: Mapped[str | None] = mapped_column(String(36), index=True)
    volume_id: Mapped[str | None] = mapped_column(String(36), index=True)
    user_id: Mapped[str | None] = mapped_column(String(36))
    ip: Mapped[str | None]
