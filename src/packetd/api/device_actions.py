# SPDX-License-Identifier: GPL-3.0-or-later
"""Things done to a device's power and installation."""

from __future__ import annotations

from packetd.api.body import Body
from packetd.api.calls import Answer, Call, post
from packetd.api.device_orders import read_operating_system
from packetd.api.devices import device_of
from packetd.api.errors import InvalidError
from packetd.model.lifecycle import ACTIONS, Goal, RefusedError, ask
from packetd.store.devices import set_goal, tell
from packetd.store.tables import Device, now


def create(call: Call) -> Answer:
    """Accept an action; its end shows in the device's state and events."""
    device = device_of(call)
    arguments = Body({**call.query, **call.body.values})
    name = arguments.one_of("type", ACTIONS, required=True)
    arguments.check()
    action = Goal(name or "")
    if action is Goal.REINSTALL:
        _prepare_reinstallation(call, device, arguments)
    try:
        state = ask(device.state, device.goal, action)
    except RefusedError as refusal:
        raise InvalidError(str(refusal)) from None
    if action in (Goal.REBOOT, Goal.RESCUE):
        tell(
            call.session, device, "power.200", "Reboot operation queued", user_id=call.user.id, ip=call.client
        )
    set_goal(device, action, state, now())
    return Answer(202)


def _prepare_reinstallation(call: Call, device: Device, arguments: Body) -> None:
    if device.locked:
        raise InvalidError("Cannot reinstall a locked item")
    if arguments.text("operating_system") is not None:
        system = read_operating_system(call, arguments)
        arguments.check()
        if system is not None:
            device.operating_system = system.slug
    if "ipxe_script_url" in arguments:
        device.ipxe_script_url = arguments.text("ipxe_script_url")


routes = [post("/devices/{id}/actions", create)]
