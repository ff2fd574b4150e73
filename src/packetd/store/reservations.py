# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic addresses of projects: what they hold, what they wait for, and what comes with their devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from packetd.model.addresses import ExhaustedError, block_id, free_block
from packetd.store.tables import Device, DeviceAddress, Reservation


@dataclass(frozen=True)
class ManagementBlock:
    """The range that a project's devices of one facility have addresses from. It comes and goes with
    them; as all devices of a driver share their network, projects share this range."""

    project_id: str
    facility: str
    metro: str
    network: str
    created_at: datetime

    @property
    def id(self) -> str:
        return block_id(self.project_id, self.facility, self.network)


def management_blocks(session: Session, project_id: str | None = None) -> list[ManagementBlock]:
    """The private IPv4 and the IPv6 blocks of a project, or of all; the oldest first."""
    oldest = func.min(DeviceAddress.created_at)
    wanted = (
        select(Device.project_id, Device.facility, Device.metro, DeviceAddress.network, oldest)
        .join(DeviceAddress)
        .where(or_(DeviceAddress.public.is_(False), DeviceAddress.family == 6))
        .group_by(Device.project_id, Device.facility, Device.metro, DeviceAddress.network)
        .order_by(oldest, DeviceAddress.network)
    )
    if project_id is not None:
        wanted = wanted.where(Device.project_id == project_id)
    return [
        ManagementBlock(owner, facility, metro, network, created_at)
        for owner, facility, metro, network, created_at in session.execute(wanted)
        if owner is not None
    ]


def held_by(session: Session, project_id: str) -> int:
    """How many elastic addresses a project has."""
    wanted = select(func.coalesce(func.sum(Reservation.quantity), 0)).where(
        Reservation.project_id == project_id, Reservation.network.is_not(None)
    )
    return session.execute(wanted).scalar_one()


def allot(session: Session, reservation: Reservation, pool: IPv4Network) -> None:
    """Give a reservation its addresses; raises ExhaustedError."""
    # Reservations are made one at a time: this runs in the transaction of the only writer.
    taken = session.scalars(select(Reservation.network).where(Reservation.network.is_not(None)))
    blocks = [IPv4Network(network) for network in taken if network]
    reservation.network = str(free_block(pool, blocks, 33 - reservation.quantity.bit_length()))


def grant_pending(session: Session, pool: IPv4Network, quota: int) -> None:
    """Give the requests that wait their addresses, the oldest first, as far as their projects' quotas
    and the pool allow by now."""
    for reservation in _pending(session):
        if held_by(session, reservation.project_id) + reservation.quantity <= quota:
            try:
                allot(session, reservation, pool)
            except ExhaustedError:
                # A smaller one may still fit.
                continue
            session.flush()


def _pending(session: Session) -> Sequence[Reservation]:
    wanted = select(Reservation).where(Reservation.network.is_(None))
    return session.scalars(wanted.order_by(Reservation.created_at, Reservation.id)).all()
