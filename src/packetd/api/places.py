# SPDX-License-Identifier: GPL-3.0-or-later
"""Where something is, or shall be."""

from __future__ import annotations

from packetd.api import facilities, metros
from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.views import Link
from packetd.model.catalogue import Facility, Metro, find


def find_facility(call: Call, body: Body, name: str | None) -> Facility | None:
    """The facility of this code or id; notes on the body when there is none."""
    if name is None:
        return None
    known = call.context.catalogue.facilities
    facility = find(known, name)
    if facility is None:
        body.wrong("facility", f"{name!r} is not a valid facility; allowed are {', '.join(known)}")
    return facility


def find_metro(call: Call, body: Body, name: str | None) -> Metro | None:
    """The metro of this code or id; notes on the body when there is none."""
    if name is None:
        return None
    known = call.context.catalogue.metros
    metro = find(known, name.lower())
    if metro is None:
        body.wrong("metro", f"{name!r} is not a valid metro; allowed are {', '.join(known)}")
    return metro


def facility_at(call: Call, code: str | None) -> Link | None:
    """The facility of this code, shown whole."""
    if code is None:
        return None
    return facilities.facility_link(call, call.context.catalogue.facilities[code], expanded=True)


def metro_at(call: Call, code: str | None) -> Link | None:
    """The metro of this code, shown whole."""
    if code is None:
        return None
    return metros.metro_link(call, call.context.catalogue.metros[code], expanded=True)
