# SPDX-License-Identifier: GPL-3.0-or-later
"""How many machines are left: of a plan, in a facility, besides those that are reserved."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from packetd.model.capacity import UNLIMITED
from packetd.model.catalogue import Catalogue
from packetd.store.tables import Device
from packetd.store.tables import Stock as StockRow

# Made once, as every order executes it.
_SERVERS = select(StockRow.plan, StockRow.facility, StockRow.servers)


class Stock:
    """What is left at the moment of this transaction; what is taken here counts at once."""

    def __init__(self, session: Session, catalogue: Catalogue) -> None:
        rows = session.execute(_SERVERS)
        self._servers = {(plan, facility): servers for plan, facility, servers in rows}
        self._catalogue = catalogue
        self._used = self._count(session)

    def _count(self, session: Session) -> Counter[tuple[str, str]]:
        """Devices of those plans and places that are counted; others need not be looked at."""
        if not self._servers:
            return Counter()
        counted = (
            select(Device.plan, Device.facility, func.count())
            .where(
                Device.hardware_reservation_id.is_(None), Device.plan.in_({plan for plan, _ in self._servers})
            )
            .group_by(Device.plan, Device.facility)
        )
        return Counter({(plan, facility): number for plan, facility, number in session.execute(counted)})

    def left(self, plan: str, facility: str) -> float:
        """How many more devices there can be; UNLIMITED where nobody said how many machines there are."""
        servers = self._servers.get((plan, facility))
        if servers is not None:
            return max(0, servers - self._used[plan, facility])
        return 0 if facility in self._catalogue.plans[plan].unavailable_in else UNLIMITED

    def take(self, plan: str, facility: str) -> None:
        self._used[plan, facility] += 1
