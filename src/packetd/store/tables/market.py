# SPDX-License-Identifier: GPL-3.0-or-later
"""The spot market: what machines cost there, and who bids."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from packetd.store.tables.base import Table, Thing


class SpotPrice(Thing, Table):
    """What a plan costs in a facility from ``created_at`` on, in dollars an hour."""

    __tablename__ = "spot_prices"
    plan: Mapped[str]
    facility: Mapped[str]
    price: Mapped[float]


class SpotMarketRequest(Thing, Table):
    """A wish for machines as long as they cost no more than ``max_bid_price``.

    ``parameters`` are as the user sent them; ``order`` is what was understood (see model/orders.py), with
    ``hostnames`` beside it. ``made`` counts the devices that were ever made for it.
    """

    __tablename__ = "spot_market_requests"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    devices_min: Mapped[int]
    devices_max: Mapped[int]
    max_bid_price: Mapped[float]
    end_at: Mapped[datetime | None]
    facilities: Mapped[list[str]]
    metro: Mapped[str | None]
    parameters: Mapped[dict[str, Any]]
    order: Mapped[dict[str, Any]]
    hostnames: Mapped[list[str]]
    made: Mapped[int] = mapped_column(default=0)
