# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments: which device may use a volume."""

from __future__ import annotations

from packetd.api import volume_fields as fields
from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.routes import Listing, delete, get, post
from packetd.api.views import Document
from packetd.api.volume_views import AttachmentView, show_attachment, volume_of
from packetd.model.lifecycle import State
from packetd.model.volumes import VolumeState
from packetd.store.tables import Device, Volume, VolumeAttachment


def of_volume(call: Call) -> Document:
    """Where a volume is attached."""
    return call.show_all("attachments", [show_attachment(call, item) for item in volume_of(call).attachments])


def show(call: Call) -> Document:
    """One attachment."""
    return call.show(show_attachment(call, call.get(VolumeAttachment)))


def create(call: Call) -> Document:
    """Attach a volume to a device; which then finds it in its metadata."""
    volume = volume_of(call, VolumeState.ACTIVE)
    device = _device(call, volume)
    if volume.attachments:
        raise InvalidError(
            f"Cannot attach {volume.name}: it is attached to {volume.attachments[0].device.hostname} already"
        )
    attachment = VolumeAttachment(device=device)
    volume.attachments.append(attachment)
    call.session.flush()
    call.tell(volume, "volume.attached", f"{volume.name} was attached to {device.hostname}")
    return call.show(show_attachment(call, attachment))


def _device(call: Call, volume: Volume) -> Device:
    wanted = fields.DEVICE.read(call.body)
    call.body.check()
    device = call.session.get(Device, wanted)
    if device is None or device.project_id != volume.project_id or device.state is State.DEPROVISIONING:
        raise InvalidError(f"device_id {wanted!r} is no device of the volume's project")
    if device.facility != volume.facility:
        raise InvalidError(
            f"device_id {wanted!r} is in {device.facility} and the volume in {volume.facility};"
            " both must be in the same facility"
        )
    return device


def remove(call: Call) -> None:
    """Detach a volume from its device."""
    attachment = call.get(VolumeAttachment)
    text = f"{attachment.volume.name} was detached from {attachment.device.hostname}"
    call.tell(attachment.volume, "volume.detached", text)
    call.session.delete(attachment)


routes = [
    get("/storage/attachments/{id}", show, gives=AttachmentView),
    delete("/storage/attachments/{id}", remove),
    get(
        "/storage/{id}/attachments",
        of_volume,
        gives=Listing("attachments", AttachmentView, paged=False),
    ),
    post("/storage/{id}/attachments", create, takes=(fields.DEVICE,), gives=AttachmentView),
]
