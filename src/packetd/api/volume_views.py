# SPDX-License-Identifier: GPL-3.0-or-later
"""How volumes are shown, their attachments, snapshots and policies."""

from __future__ import annotations

from typing import Any, TypedDict

from packetd.api.calls import Call
from packetd.api.errors import InvalidError, NotFoundError
from packetd.api.facilities import facility_link
from packetd.api.plans import plan_link
from packetd.api.projects import project_link
from packetd.api.views import Link
from packetd.model.moments import moment
from packetd.model.roles import Right
from packetd.model.volumes import VolumeState
from packetd.store.tables import Device, Snapshot, SnapshotPolicy, Volume, VolumeAttachment


class Access(TypedDict):
    """Where a volume is reached over iSCSI; empty until it was made."""

    ips: list[str]
    iqn: str | None


class VolumeView(TypedDict):
    """Storage in a network, attached to one device at a time."""

    id: str
    name: str
    description: str | None
    size: int
    state: str
    locked: bool
    billing_cycle: str
    customdata: dict[str, Any]
    plan: Link
    facility: Link
    project: Link
    attachments: list[Link]
    snapshot_policies: list[Link]
    access: Access
    created_at: str | None
    updated_at: str | None
    href: str


class AttachmentView(TypedDict):
    """That a device may use a volume."""

    id: str
    volume: Link
    device: Link
    created_at: str | None
    href: str


class SnapshotView(TypedDict):
    """What was on a volume once; timestamp is what names it to restore and clone."""

    id: str
    status: str
    timestamp: str
    volume: Link
    created_at: str | None


class PolicyView(TypedDict):
    """That snapshots are taken now and then, and how many of them are kept."""

    id: str
    snapshot_frequency: str
    snapshot_count: int
    volume: Link
    created_at: str | None
    updated_at: str | None
    href: str


def volume_of(call: Call, state: VolumeState | None = None, *, name: str = "id") -> Volume:
    """The volume in the path, which must be in this state; one that was deleted is gone for its user."""
    volume = call.get(Volume, call.path[name])
    if volume.project_id is None or volume.state is VolumeState.DEPROVISIONING:
        raise NotFoundError
    if state is not None and volume.state is not state:
        raise InvalidError(f"{volume.name} is {volume.state}; it must be {state} for this")
    return volume


def volume_link(call: Call, volume_id: str) -> Link:
    return Link(
        call.href(f"/storage/{volume_id}"), lambda: show_volume(call, call.get(Volume, volume_id, Right.READ))
    )


def show_volume(call: Call, volume: Volume) -> VolumeView:
    catalogue = call.context.catalogue
    plan, facility = catalogue.plans[volume.plan], catalogue.facilities[volume.facility]
    return {
        "id": volume.id,
        "name": volume.name,
        "description": volume.description,
        "size": volume.size,
        "state": volume.state,
        "locked": volume.locked,
        "billing_cycle": volume.billing_cycle,
        "customdata": volume.customdata,
        "plan": plan_link(call, plan, expanded=True),
        "facility": facility_link(call, facility),
        "project": project_link(call, volume.project_id or ""),
        "attachments": [attachment_link(call, item) for item in volume.attachments],
        "snapshot_policies": [policy_link(call, policy) for policy in volume.policies],
        "access": {"ips": volume.portals, "iqn": volume.iqn},
        "created_at": moment(volume.created_at),
        "updated_at": moment(volume.updated_at),
        "href": call.href(f"/storage/{volume.id}"),
    }


def attachment_link(call: Call, attachment: VolumeAttachment) -> Link:
    return Link(_href(call, attachment), lambda: show_attachment(call, attachment))


def show_attachment(call: Call, attachment: VolumeAttachment) -> AttachmentView:
    return {
        "id": attachment.id,
        "volume": volume_link(call, attachment.volume_id),
        "device": _device_link(call, attachment.device_id),
        "created_at": moment(attachment.created_at),
        "href": _href(call, attachment),
    }


def _href(call: Call, attachment: VolumeAttachment) -> str:
    return call.href(f"/storage/attachments/{attachment.id}")


def _device_link(call: Call, device_id: str) -> Link:
    from packetd.api.device_views import show_device  # A device shows its volumes.

    return Link(
        call.href(f"/devices/{device_id}"), lambda: show_device(call, call.get(Device, device_id, Right.READ))
    )


def show_snapshot(call: Call, snapshot: Snapshot) -> SnapshotView:
    return {
        "id": snapshot.id,
        "status": snapshot.status,
        "timestamp": f"{snapshot.created_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "volume": volume_link(call, snapshot.volume_id),
        "created_at": moment(snapshot.created_at),
    }


def policy_link(call: Call, policy: SnapshotPolicy) -> Link:
    return Link(call.href(f"/storage/snapshot-policies/{policy.id}"), lambda: show_policy(call, policy))


def show_policy(call: Call, policy: SnapshotPolicy) -> PolicyView:
    return {
        "id": policy.id,
        "snapshot_frequency": policy.frequency,
        "snapshot_count": policy.count,
        "volume": volume_link(call, policy.volume_id),
        "created_at": moment(policy.created_at),
        "updated_at": moment(policy.updated_at),
        "href": call.href(f"/storage/snapshot-policies/{policy.id}"),
    }
