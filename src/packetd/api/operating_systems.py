# SPDX-License-Identifier: GPL-3.0-or-later
"""Operating systems that a device can be installed with."""

from __future__ import annotations

from packetd.api.calls import Call, get
from packetd.api.views import Document
from packetd.model.catalogue import OperatingSystem


def show_operating_system(call: Call, system: OperatingSystem, *, offered: bool = True) -> Document:
    return {
        "id": system.id,
        "slug": system.slug,
        "name": system.name,
        "distro": system.distro,
        "distro_label": system.distro.capitalize(),
        "version": system.version,
        "preinstallable": False,
        "default_operating_system": False,
        "licensed": False,
        "pricing": {},
        "provisionable_on": list(call.context.catalogue.server_plans()) if offered else [],
    }


def index(call: Call) -> Document:
    systems = call.context.catalogue.operating_systems.values()
    present = call.installable
    documents = [
        show_operating_system(call, system, offered=present is None or system.slug in present)
        for system in systems
    ]
    return call.show_all("operating_systems", documents)


routes = [get("/operating-systems", index)]
