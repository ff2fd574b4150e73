# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands by which operators say what machines there are: reserved ones, stock, prices.

They write to the database, so they work whether a server runs or not, and need no token.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from packetd.model import catalogue
from packetd.model.catalogue import Item, find
from packetd.model.moments import moment
from packetd.ownership import ServerError
from packetd.printing import print_rows
from packetd.reports import opened
from packetd.settings import State
from packetd.store.tables import HardwareReservation, Project, SpotPrice, Stock, now

_RESERVATION = ("id", "project", "plan", "facility", "spare", "need_of_service", "device")


def add_hardware(
    state: State, *, project: str, plan: str, facility: str, count: int, spare: bool, rest: float
) -> None:
    """Reserve machines for a project and print their ids; ``rest`` is in seconds."""
    slug, code = _plan(plan), _facility(facility)
    with opened(state) as store, store.write() as session:
        if session.get(Project, project) is None:
            raise ServerError(f"--project {project!r} is no project; see: packetd status")
        rows = [
            HardwareReservation(project_id=project, plan=slug, facility=code, spare=spare, rest=rest)
            for _ in range(count)
        ]
        session.add_all(rows)
        session.flush()
        ids = [row.id for row in rows]
    print("\n".join(ids))


def print_hardware(state: State, *, as_json: bool) -> None:
    wanted = select(HardwareReservation).order_by(HardwareReservation.created_at, HardwareReservation.id)
    with opened(state) as store, store.read() as session:
        rows = [
            {
                "id": row.id,
                "project": row.project_id,
                "plan": row.plan,
                "facility": row.facility,
                "spare": row.spare,
                "need_of_service": row.need_of_service,
                "device": row.device.hostname if row.device else "",
            }
            for row in session.scalars(wanted)
        ]
    print_rows(rows, _RESERVATION, as_json)


def change_hardware(state: State, reservation_id: str, *, need_of_service: bool) -> None:
    with opened(state) as store, store.write() as session:
        reservation = session.get(HardwareReservation, reservation_id)
        if reservation is None:
            raise _unknown(reservation_id)
        reservation.need_of_service = need_of_service


def remove_hardware(state: State, reservation_id: str) -> None:
    with opened(state) as store, store.write() as session:
        reservation = session.get(HardwareReservation, reservation_id)
        if reservation is None:
            raise _unknown(reservation_id)
        if reservation.device is not None:
            raise ServerError(f"device {reservation.device.hostname} is on it; delete that first")
        session.delete(reservation)


def _unknown(reservation_id: str) -> ServerError:
    return ServerError(f"there is no reservation {reservation_id!r}; see: packetd hardware list")


def set_stock(state: State, plan: str, facility: str, servers: int | None) -> None:
    """Say how many machines there are; None: as many as anybody wants."""
    slug, code = _plan(plan), _facility(facility)
    with opened(state) as store, store.write() as session:
        row = session.get(Stock, (slug, code))
        if servers is not None:
            session.merge(Stock(plan=slug, facility=code, servers=servers))
        elif row is not None:
            session.delete(row)


def print_stock(state: State, *, as_json: bool) -> None:
    with opened(state) as store, store.read() as session:
        rows = [
            {"plan": row.plan, "facility": row.facility, "servers": row.servers}
            for row in session.scalars(select(Stock).order_by(Stock.plan, Stock.facility))
        ]
    print_rows(rows, ("plan", "facility", "servers"), as_json)


def set_spot_price(state: State, plan: str, facility: str, price: float) -> None:
    """Set what a plan costs from now on, in dollars an hour."""
    slug, code = _plan(plan), _facility(facility)
    with opened(state) as store, store.write() as session:
        session.add(SpotPrice(plan=slug, facility=code, price=price, created_at=now()))


def print_spot_prices(state: State, *, as_json: bool) -> None:
    with opened(state) as store, store.read() as session:
        rows = [
            {"plan": row.plan, "facility": row.facility, "price": row.price, "since": moment(row.created_at)}
            for row in session.scalars(select(SpotPrice).order_by(SpotPrice.created_at))
        ]
    print_rows(rows, ("plan", "facility", "price", "since"), as_json)


def _plan(name: str) -> str:
    return _named("plan", catalogue.load().server_plans(), name).slug


def _facility(name: str) -> str:
    return _named("facility", catalogue.load().facilities, name).code


def _named(kind: str, items: Mapping[str, Item], name: str) -> Item:
    found = find(items, name)
    if found is None:
        raise ServerError(f"{name!r} is no {kind}; allowed are {', '.join(items)}")
    return found
