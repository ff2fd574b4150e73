# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks between devices: virtual networks (VLANs) on their ports, and BGP."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from packetd.store.tables.base import Changing, Table, Thing, now

if TYPE_CHECKING:
    from packetd.store.tables.addresses import Reservation
    from packetd.store.tables.devices import Device


class VirtualNetwork(Thing, Table):
    """A VLAN of a project in a metro; in one facility of it, unless that is None."""

    __tablename__ = "virtual_networks"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    metro: Mapped[str]
    vxlan: Mapped[int]
    facility: Mapped[str | None]
    description: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(default=list)

    assignments: Mapped[list[VlanAssignment]] = relationship(
        back_populates="virtual_network", passive_deletes=True, order_by="VlanAssignment.created_at"
    )
    gateway: Mapped[Gateway | None] = relationship(back_populates="virtual_network", passive_deletes="all")

    # A number is given once, by whichever server.
    __table_args__ = (UniqueConstraint("project_id", "metro", "vxlan"),)


class VlanAssignment(Changing, Table):
    """A virtual network on a port ("bond0") of a device; ``native`` where it is untagged."""

    __tablename__ = "vlan_assignments"
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    virtual_network_id: Mapped[str] = mapped_column(
        ForeignKey("virtual_networks.id", ondelete="CASCADE"), index=True
    )
    port: Mapped[str]
    native: Mapped[bool] = mapped_column(default=False)

    device: Mapped[Device] = relationship(back_populates="vlan_assignments")
    virtual_network: Mapped[VirtualNetwork] = relationship(back_populates="assignments")

    __table_args__ = (UniqueConstraint("device_id", "virtual_network_id"),)


class VlanAssignmentBatch(Thing, Table):
    """Changes to a port that were made at once; ``assignments`` is what was asked for."""

    __tablename__ = "vlan_assignment_batches"
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    port: Mapped[str]
    assignments: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class Gateway(Thing, Table):
    """What leads from a virtual network into the world, with the addresses of a reservation.

    A ``kind`` of "internet" came with its reservation, and takes it along; "metal" was given one.
    """

    __tablename__ = "gateways"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    virtual_network_id: Mapped[str] = mapped_column(ForeignKey("virtual_networks.id"), unique=True)
    reservation_id: Mapped[str] = mapped_column(ForeignKey("ip_reservations.id"), unique=True)

    virtual_network: Mapped[VirtualNetwork] = relationship(back_populates="gateway")
    reservation: Mapped[Reservation] = relationship(back_populates="gateway")


class BGPConfig(Thing, Table):
    """Whether a project may announce routes, and as whom."""

    __tablename__ = "bgp_configs"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), unique=True)
    deployment_type: Mapped[str]
    asn: Mapped[int] = mapped_column(BigInteger)
    md5: Mapped[str | None]
    use_case: Mapped[str | None]
    status: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(default=now)


class BGPSession(Changing, Table):
    """A device that peers, for one family of addresses ("ipv4" or "ipv6")."""

    __tablename__ = "bgp_sessions"
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    address_family: Mapped[str]
    default_route: Mapped[bool] = mapped_column(default=False)

    device: Mapped[Device] = relationship(back_populates="bgp_sessions")

    __table_args__ = (UniqueConstraint("device_id", "address_family"),)
