# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices as their readers get them: made anew only where something changed since the last time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.orm import Bundle

from packetd.api.calls import Call
from packetd.api.device_views import LOADED, password_shown_until, show_devices
from packetd.store.tables import Device, now

# An id and a revision: all that is read of a device whose rendering is kept.
KEY: Bundle[Any] = Bundle("key", Device.id, Device.revision)
# Of those that are made anew: as objects and documents they take ten times what they do as JSON.
_AT_ONCE = 100


def kept_devices(call: Call, keys: Sequence[Any]) -> list[Any]:
    """The devices of these KEYs, shown as by show(): most of them as JSON that is there already."""
    if call.is_shaped:
        # What is included belongs to others, whose changes no revision tells.
        found = _load(call, [key.id for key in keys])
        return [call.show(document) for document in show_devices(call, [found[key.id] for key in keys])]
    at = now()
    renderings = call.context.renderings
    kept = {key.id: renderings.get(key.id, call.prefix, key.revision, at) for key in keys}
    missing = [key for key in keys if kept[key.id] is None]
    for first in range(0, len(missing), _AT_ONCE):
        kept.update(_render(call, missing[first : first + _AT_ONCE]))
    return [kept[key.id] for key in keys]


def _render(call: Call, keys: Sequence[Any]) -> dict[str, msgspec.Raw]:
    """The JSON of devices by id, which is kept from now on."""
    found = _load(call, [key.id for key in keys])
    devices = [found[key.id] for key in keys]
    made = {}
    for key, device, document in zip(keys, devices, show_devices(call, devices), strict=True):
        shown = made[key.id] = msgspec.Raw(msgspec.json.encode(call.show(document)))
        until = password_shown_until(device)
        call.context.renderings.keep(key.id, call.prefix, key.revision, until, shown)
    return made


def _load(call: Call, ids: Sequence[str]) -> dict[str, Device]:
    wanted: Select[Device] = select(Device).where(Device.id.in_(ids)).options(*LOADED)
    return {device.id: device for device in call.session.scalars(wanted)}
