# SPDX-License-Identifier: GPL-3.0-or-later
"""Metros: the areas that facilities are in."""

from __future__ import annotations

from packetd.api.calls import Call, get
from packetd.api.views import Document
from packetd.model.catalogue import Metro


def show_metro(metro: Metro) -> Document:
    return {"id": metro.id, "code": metro.code, "name": metro.name, "country": metro.country}


def index(call: Call) -> Document:
    return call.show_all("metros", [show_metro(metro) for metro in call.context.catalogue.metros.values()])


routes = [get("/locations/metros", index), get("/metros", index)]
