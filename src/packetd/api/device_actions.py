# SPDX-License-Identifier: GPL-3.0-or-later
"""Things done to a device's power and installation."""

from __future__ import annotations

from packetd.api import device_fields as fields
from packetd.api.calls import Call
from packetd.api.device_orders import read_operating_system, site
from packetd.api.devices import device_of
from packetd.api.errors import InvalidError
from packetd.api.fields import flag, one_of, text
from packetd.api.routes import post
from packetd.model.lifecycle import ACTIONS, Goal, RefusedError, ask
from packetd.store.devices import set_goal
from packetd.store.placement import new_password
from packetd.store.tables import Device, now

# A reset is a reboot by the switch: drivers restart machines in one way.
_TYPES = {**{action.value: action for action in ACTIONS}, "reset": Goal.REBOOT}

TYPE = one_of("type", "What to do", _TYPES, required=True)
OPERATING_SYSTEM = text("operating_system", "What a reinstallation puts on it, if not the same as before")
DEPROVISION_FAST = flag("deprovision_fast", "Accepted: a reinstallation is as fast as it can be")
PRESERVE_DATA = flag("preserve_data", "Accepted: machines here have the disk of their system alone")


def create(call: Call) -> None:
    """Have something done to a device.

    Its end shows in the device's state and events."""
    device = device_of(call)
    name = TYPE.read(call.arguments)
    for field in (DEPROVISION_FAST, PRESERVE_DATA):
        field.read(call.arguments)
    call.arguments.check()
    action = _TYPES[name or ""]
    if action is Goal.REINSTALL:
        _prepare_reinstallation(call, device)
    try:
        state = ask(device.state, device.goal, action)
    except RefusedError as refusal:
        raise InvalidError(str(refusal)) from None
    if action in (Goal.REBOOT, Goal.RESCUE):
        call.tell(device, "power.200", "Reboot operation queued")
    set_goal(device, action, state, now())


def _prepare_reinstallation(call: Call, device: Device) -> None:
    if device.locked:
        raise InvalidError("Cannot reinstall a locked item")
    arguments = call.arguments
    if OPERATING_SYSTEM.read(arguments) is not None:
        system = read_operating_system(call, arguments)
        arguments.check()
        if system is not None:
            device.operating_system = system.slug
    if fields.IPXE_SCRIPT_URL.given(arguments):
        device.ipxe_script_url = fields.IPXE_SCRIPT_URL.read(arguments)
    device.root_password = new_password(site(call))


routes = [
    post(
        "/devices/{id}/actions",
        create,
        takes=(TYPE, OPERATING_SYSTEM, fields.IPXE_SCRIPT_URL, DEPROVISION_FAST, PRESERVE_DATA),
        status=202,
    )
]
