# SPDX-License-Identifier: GPL-3.0-or-later
"""The free-form data that users hang on things, and the user data of devices."""

from __future__ import annotations

from typing import TypedDict

from packetd.api.calls import Call
from packetd.api.devices import device_of
from packetd.api.errors import InvalidError
from packetd.api.fields import text
from packetd.api.routes import get, post
from packetd.api.views import CustomDataView, Document
from packetd.store.tables import Organization, Project, Reservation

USERDATA = text("userdata", "What a device is to run when it starts first", required=True)
_STARTS = ("#!", "#cloud-config", "#cloud-boothook", "#include", "#part-handler", "## template", "#ps1", "{")


class UserDataView(TypedDict):
    """The user data of a device."""

    userdata: str


def of_device(call: Call) -> Document:
    """What the user keeps with a device."""
    return device_of(call).customdata


def of_project(call: Call) -> Document:
    """What the user keeps with a project."""
    return call.get(Project).customdata


def of_organization(call: Call) -> Document:
    """What the user keeps with an organization."""
    return call.get(Organization).customdata


def of_reservation(call: Call) -> Document:
    """What the user keeps with a reservation of addresses."""
    return call.get(Reservation).customdata


def userdata(call: Call) -> Document:
    """The user data of a device."""
    return {"userdata": device_of(call).userdata}


def validate_userdata(call: Call) -> None:
    """Check user data before it is used."""
    sent = USERDATA.read(call.body)
    call.body.check()
    if not sent.startswith((*_STARTS, "Content-Type: multipart", "MIME-Version:")):
        raise InvalidError(f"userdata begins with none of {', '.join(_STARTS)}")


routes = [
    get("/devices/{id}/customdata", of_device, gives=CustomDataView),
    get("/projects/{id}/customdata", of_project, gives=CustomDataView),
    get("/organizations/{id}/customdata", of_organization, gives=CustomDataView),
    get("/ips/{id}/customdata", of_reservation, gives=CustomDataView),
    get("/devices/{id}/userdata", userdata, gives=UserDataView),
    post("/userdata/validate", validate_userdata, takes=(USERDATA,), status=204),
]
