# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tables say of BGP, to the API and to the devices themselves."""

from __future__ import annotations

from ipaddress import ip_network

from sqlalchemy import select
from sqlalchemy.orm import Session

from packetd.model.bgp import FAMILIES, BGPNeighbor, neighbor
from packetd.store.tables import BGPConfig, BGPSession, Device, DeviceAddress, Reservation


def config_of(session: Session, project_id: str | None) -> BGPConfig | None:
    """The configuration of a project."""
    return session.scalars(select(BGPConfig).where(BGPConfig.project_id == project_id)).first()


def neighbors_of(session: Session, device: Device) -> list[BGPNeighbor]:
    """Whom a device peers with: a neighbor for each of its sessions, while it has addresses."""
    config = config_of(session, device.project_id)
    if config is None:
        return []
    shown = []
    for item in sorted(device.bgp_sessions, key=lambda item: item.address_family):
        own = _own_address(device, item)
        if own is not None:
            shown.append(
                neighbor(
                    item.address_family,
                    asn=config.asn,
                    md5=config.md5,
                    address=own.address,
                    subnets=[own.network, *_subnets(session, device, own.family)],
                    default_route=item.default_route,
                )
            )
    return shown


def _own_address(device: Device, item: BGPSession) -> DeviceAddress | None:
    """The address that a device peers from: the private one in IPv4, the only one in IPv6."""
    family = FAMILIES[item.address_family]
    return next(
        (
            address
            for address in device.addresses
            if address.attached and address.family == family and (family == 6 or not address.public)
        ),
        None,
    )


def _subnets(session: Session, device: Device, family: int) -> list[str]:
    """What the project reserved, in one family."""
    networks = session.scalars(
        select(Reservation.network)
        .where(Reservation.project_id == device.project_id, Reservation.network.is_not(None))
        .order_by(Reservation.created_at)
    )
    return [network for network in networks if network and ip_network(network).version == family]
