# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that work over one database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from packetd.store.tables.base import Table, new_id, now


class Server(Table):
    """A running packetd; whoever finds that it died takes its row away, and with it what it had claimed.

    ``state_id`` is that of its state directory: a directory has one server at a time, so a second row
    of it is of one that died. ``alive_until`` is in seconds since 1970, by the database's clock.
    """

    __tablename__ = "servers"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    state_id: Mapped[str] = mapped_column(String(36))
    host: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(default=now)
    alive_until: Mapped[float]
