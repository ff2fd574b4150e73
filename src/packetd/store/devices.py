# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written to a device by those who want something of it, so that nobody forgets a part."""

from __future__ import annotations

from datetime import datetime, timedelta

from packetd.model.lifecycle import INSTALLING, Goal, State
from packetd.store.tables import Device


def set_goal(device: Device, goal: Goal, state: State, at: datetime) -> None:
    """Give the provisioner something to do to a device, at once."""
    device.goal, device.state = goal, state
    device.due_at, device.attempts = at, 0
    if goal in INSTALLING:
        device.progress = 0
        device.deadline = device.installed_at = device.phoned_home_at = None


def release(device: Device) -> None:
    """Give back at once what a device that goes has of its project: addresses, VLANs, sessions, volumes."""
    device.assignments.clear()
    device.vlan_assignments.clear()
    device.bgp_sessions.clear()
    device.volume_attachments.clear()


def give_back(device: Device, at: datetime) -> None:
    """Let the reserved machine of a device that is gone rest before it is used again."""
    reservation = device.hardware_reservation
    if reservation is not None:
        reservation.rested_at = at + timedelta(seconds=reservation.rest)
