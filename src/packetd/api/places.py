# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads where something shall be."""

from __future__ import annotations

from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.model.catalogue import Facility, Metro, find


def find_facility(call: Call, body: Body, name: str | None) -> Facility | None:
    """The facility of this code or id; notes on the body when there is none."""
    if name is None:
        return None
    facilities = call.context.catalogue.facilities
    facility = find(facilities, name)
    if facility is None:
        body.wrong("facility", f"{name!r} is not a valid facility; allowed are {', '.join(facilities)}")
    return facility


def find_metro(call: Call, body: Body, name: str | None) -> Metro | None:
    """The metro of this code or id; notes on the body when there is none."""
    if name is None:
        return None
    metros = call.context.catalogue.metros
    metro = find(metros, name.lower())
    if metro is None:
        body.wrong("metro", f"{name!r} is not a valid metro; allowed are {', '.join(metros)}")
    return metro
