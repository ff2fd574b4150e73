# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines cost on the spot market, now and before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from packetd.model.catalogue import Catalogue
from packetd.store.tables import SpotPrice


class SpotPrices:
    """The prices of this moment, in dollars an hour: the catalogue's until an operator set others."""

    def __init__(self, session: Session, catalogue: Catalogue) -> None:
        rows = session.scalars(select(SpotPrice).order_by(SpotPrice.created_at))
        self._set = {(row.plan, row.facility): row.price for row in rows}
        self._catalogue = catalogue

    def of(self, plan: str, facility: str) -> float:
        known = self._set.get((plan, facility))
        return self._catalogue.plans[plan].spot_price if known is None else known


def history(
    session: Session, catalogue: Catalogue, plan: str, facility: str, since: datetime, until: datetime
) -> list[tuple[datetime, float]]:
    """Each price and when it began, the one at ``since`` first, in the order of time."""
    rows: Sequence[SpotPrice] = session.scalars(
        select(SpotPrice)
        .where(SpotPrice.plan == plan, SpotPrice.facility == facility, SpotPrice.created_at <= until)
        .order_by(SpotPrice.created_at)
    ).all()
    before = [row.price for row in rows if row.created_at <= since]
    first = before[-1] if before else catalogue.plans[plan].spot_price
    return [(since, first), *((row.created_at, row.price) for row in rows if row.created_at > since)]
