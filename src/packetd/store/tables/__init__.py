# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables, one file a subject."""

from packetd.store.tables.accounts import (
    Email,
    Notification,
    Organization,
    PaymentMethod,
    Project,
    SSHKey,
    Token,
    User,
)
from packetd.store.tables.addresses import Assignment, Reservation, Route
from packetd.store.tables.base import Moment, Setting, Table, new_id, now
from packetd.store.tables.devices import Batch, Device, DeviceAddress, DeviceSSHKey
from packetd.store.tables.events import Event
from packetd.store.tables.faults import Fault
from packetd.store.tables.hardware import HardwareReservation, Stock
from packetd.store.tables.market import SpotMarketRequest, SpotPrice
from packetd.store.tables.members import Invitation, Member, Membership, Transfer
from packetd.store.tables.networks import (
    BGPConfig,
    BGPSession,
    Gateway,
    VirtualNetwork,
    VlanAssignment,
    VlanAssignmentBatch,
)
from packetd.store.tables.servers import Server
from packetd.store.tables.volumes import Snapshot, SnapshotPolicy, Volume, VolumeAttachment

__all__ = [
    "Assignment",
    "BGPConfig",
    "BGPSession",
    "Batch",
    "Device",
    "DeviceAddress",
    "DeviceSSHKey",
    "Email",
    "Event",
    "Fault",
    "Gateway",
    "HardwareReservation",
    "Invitation",
    "Member",
    "Membership",
    "Moment",
    "Notification",
    "Organization",
    "PaymentMethod",
    "Project",
    "Reservation",
    "Route",
    "SSHKey",
    "Server",
    "Setting",
    "Snapshot",
    "SnapshotPolicy",
    "SpotMarketRequest",
    "SpotPrice",
    "Stock",
    "Table",
    "Token",
    "Transfer",
    "User",
    "VirtualNetwork",
    "VlanAssignment",
    "VlanAssignmentBatch",
    "Volume",
    "VolumeAttachment",
    "new_id",
    "now",
]
