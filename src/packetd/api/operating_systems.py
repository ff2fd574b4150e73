# SPDX-License-Identifier: GPL-3.0-or-later
"""Operating systems that a device can be installed with."""

from __future__ import annotations

from typing import Any, TypedDict

from packetd.api.calls import Call
from packetd.api.errors import NotFoundError
from packetd.api.routes import Listing, get
from packetd.api.views import Document, Link
from packetd.model.catalogue import OperatingSystem, find


class OperatingSystemView(TypedDict):
    """What a device can be installed with."""

    id: str
    slug: str
    name: str
    distro: str
    distro_label: str
    version: str
    preinstallable: bool
    default_operating_system: bool
    licensed: bool
    pricing: dict[str, Any]
    provisionable_on: list[str]
    href: str


def operating_system_link(call: Call, system: OperatingSystem) -> Link:
    """The system of a device, shown whole: as one that can be installed, since it was.

    That its image is removed is no change of the device; nothing would tell that the rendering which is
    kept of it (kept_devices.py) is not true any more.
    """
    return Link(_href(call, system), lambda: _show(call, system, offered=True), expanded=True, fixed=True)


def show_operating_system(call: Call, system: OperatingSystem) -> OperatingSystemView:
    return _show(call, system, offered=call.installable is None or system.slug in call.installable)


def _show(call: Call, system: OperatingSystem, *, offered: bool) -> OperatingSystemView:
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
        "href": _href(call, system),
    }


def _href(call: Call, system: OperatingSystem) -> str:
    return call.href(f"/operating-systems/{system.id}")


def index(call: Call) -> Document:
    """All operating systems."""
    systems = call.context.catalogue.operating_systems.values()
    return call.show_all("operating_systems", [show_operating_system(call, system) for system in systems])


def versions(call: Call) -> Document:
    """All operating systems, each of which is one version."""
    return index(call)


def show(call: Call) -> Document:
    """One operating system, by its id or slug."""
    system = find(call.context.catalogue.operating_systems, call.id)
    if system is None:
        raise NotFoundError
    return call.show(show_operating_system(call, system))


_LIST = Listing("operating_systems", OperatingSystemView, paged=False)
routes = [
    get("/operating-systems", index, gives=_LIST),
    get("/operating-systems/{id}", show, gives=OperatingSystemView),
    get("/operating-system-versions", versions, gives=_LIST),
]
