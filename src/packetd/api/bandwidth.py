# SPDX-License-Identifier: GPL-3.0-or-later
"""What went through the ports of devices. Nothing counts it here, so there are never any points."""

from __future__ import annotations

from typing import Any, TypedDict

from packetd.api.calls import Call
from packetd.api.devices import device_of
from packetd.api.routes import get
from packetd.api.views import Document

_ASKS = {"from": "Begin, in seconds since 1970", "until": "End, in seconds since 1970"}


class SeriesView(TypedDict):
    """Bytes a second one way; pairs of value and time."""

    target: str
    tags: dict[str, str]
    datapoints: list[Any]


class BandwidthView(TypedDict):
    """Inbound and outbound."""

    bandwidth: list[SeriesView]


def of_device(call: Call) -> Document:
    """What went through a device's ports."""
    device = device_of(call)
    tags = {"aggregatedBy": "sum", "name": device.hostname}
    return {
        "bandwidth": [
            {"target": target, "tags": tags, "datapoints": []} for target in ("inbound", "outbound")
        ]
    }


routes = [get("/devices/{id}/bandwidth", of_device, gives=BandwidthView, asks=_ASKS)]
