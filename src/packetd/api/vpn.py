# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPN switch of the user, as older clients know it. It is simulated: nothing is connected."""

from __future__ import annotations

from typing import TypedDict

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.places import find_facility
from packetd.api.routes import delete, get, post
from packetd.api.views import Document

_CONFIG = """\
# Simulated: packetd has no VPN. Its devices are reached from the host that it runs on.
# Facility: {facility}
"""


class VpnView(TypedDict):
    """The client's configuration file."""

    config: str


def show(call: Call) -> Document:
    """The configuration for a facility."""
    user = call.person()
    facility = find_facility(call, call.body, call.query.get("code"))
    call.body.check()
    if not user.vpn:
        raise InvalidError("The VPN is not enabled; POST /user/vpn enables it")
    return {"config": _CONFIG.format(facility=facility.code if facility else "any")}


def enable(call: Call) -> None:
    """Turn the VPN on."""
    user = call.person()
    if not user.two_factor_auth:
        raise InvalidError("The VPN needs two-factor authentication, which is not enabled")
    user.vpn = True


def disable(call: Call) -> None:
    """Turn the VPN off."""
    call.person().vpn = False


routes = [
    get("/user/vpn", show, gives=VpnView, asks={"code": "Of which facility"}),
    post("/user/vpn", enable, status=204),
    delete("/user/vpn", disable),
]
