# SPDX-License-Identifier: GPL-3.0-or-later
"""The spot market at work: outbids devices, and makes those that were bid for.

Prices are set by operators, in another process; so it looks for itself, every second, as long as
somebody bids.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from packetd.model.lifecycle import Goal
from packetd.model.orders import Order, numbered
from packetd.store import Store
from packetd.store.events import tell
from packetd.store.market import SpotPrices
from packetd.store.placement import NoCapacityError, Owner, RefusedOrderError, Site, place
from packetd.store.tables import Device, SpotMarketRequest, now

log = logging.getLogger(__name__)

_EVERY = 1.0
# How long Packet let an outbid device live on.
NOTICE = timedelta(minutes=2)


class Market:
    """Runs between start() and stop(); ``wake`` tells the provisioner that there is work."""

    def __init__(self, store: Store, site: Site, wake: Callable[[], None]) -> None:
        self._store = store
        self._site = site
        self._wake = wake
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="market", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY):
            try:
                self.turn()
            except Exception:
                # As with the provisioner: whoever mends the trouble must not have to restart packetd.
                log.exception("the spot market failed; it is tried again")

    def turn(self) -> None:
        """Compare all bids with the prices once."""
        with self._store.read() as session:
            prices = SpotPrices(session, self._site.catalogue)
            outbid = self._outbid(session, prices)
            unmet = self._unmet(session)
        if outbid:
            self._end(outbid)
        made = sum(self._fulfil(request_id) for request_id in unmet)
        if made or outbid:
            self._wake()

    def _outbid(self, session: Session, prices: SpotPrices) -> list[str]:
        """Ids of devices that pay less than the price, and are not told so yet."""
        bidding = select(Device.id, Device.plan, Device.facility, Device.spot_price_max).where(
            Device.spot_instance,
            or_(Device.goal.is_(None), Device.goal != Goal.DELETE),
            or_(Device.termination_time.is_(None), Device.termination_time > now() + NOTICE),
        )
        return [
            device_id
            for device_id, plan, facility, bid in session.execute(bidding)
            if bid is not None and prices.of(plan, facility) > bid
        ]

    def _end(self, device_ids: Sequence[str]) -> None:
        at = now() + NOTICE
        with self._store.write() as session:
            for device in session.scalars(select(Device).where(Device.id.in_(device_ids))):
                if device.spot_instance and device.goal is not Goal.DELETE:
                    device.termination_time = at
                    tell(session, device, "instance.outbid", f"Outbid; it is terminated at {at:%H:%M:%S} UTC")

    def _unmet(self, session: Session) -> list[str]:
        """Ids of requests that have fewer devices than they may."""
        alive = (
            select(func.count())
            .where(
                Device.spot_market_request_id == SpotMarketRequest.id,
                or_(Device.goal.is_(None), Device.goal != Goal.DELETE),
            )
            .scalar_subquery()
        )
        open_ = or_(SpotMarketRequest.end_at.is_(None), SpotMarketRequest.end_at > now())
        wanted = select(SpotMarketRequest.id).where(open_, SpotMarketRequest.devices_max > alive)
        return list(session.scalars(wanted.order_by(SpotMarketRequest.created_at)))

    def _fulfil(self, request_id: str) -> int:
        """Make what a request still lacks; returns how many that were."""
        with self._store.write() as session:
            request = session.get(SpotMarketRequest, request_id)
            if request is None:
                return 0
            alive = session.scalars(
                select(Device.id).where(
                    Device.spot_market_request_id == request_id,
                    or_(Device.goal.is_(None), Device.goal != Goal.DELETE),
                )
            ).all()
            with session.begin_nested() as attempt:
                made = self._make(session, request, request.devices_max - len(alive))
                if len(alive) + made < request.devices_min:
                    attempt.rollback()
                    return 0
            return made

    def _make(self, session: Session, request: SpotMarketRequest, count: int) -> int:
        owner = Owner(request.project_id, request.user_id, spot_market_request_id=request.id)
        for made in range(count):
            order = _order_of(request)
            try:
                with session.begin_nested():
                    place(session, self._site, owner, [order])
            except (NoCapacityError, RefusedOrderError) as error:
                log.info("spot market request %s: %s", request.id, error)
                return made
            request.made += 1
        return count


def _order_of(request: SpotMarketRequest) -> Order:
    """The next device of a request; it ends when the request does."""
    order = msgspec.convert(request.order, Order)
    name = request.hostnames[request.made % len(request.hostnames)]
    ends = [end for end in (order.termination_time, request.end_at) if end is not None]
    end: datetime | None = min(ends, default=None)
    return msgspec.structs.replace(order, hostname=numbered(name, request.made), termination_time=end)
