# SPDX-License-Identifier: GPL-3.0-or-later
"""The free-form data that users hang on things, and the user data of devices."""

from __future__ import annotations

from packetd.api.calls import Answer, Call, get, post
from packetd.api.devices import device_of
from packetd.api.errors import InvalidError
from packetd.api.views import Document
from packetd.store.tables import Organization, Project, Reservation

_STARTS = ("#!", "#cloud-config", "#cloud-boothook", "#include", "#part-handler", "## template", "#ps1", "{")


def of_device(call: Call) -> Document:
    return device_of(call).customdata


def of_project(call: Call) -> Document:
    return call.get(Project).customdata


def of_organization(call: Call) -> Document:
    return call.get(Organization).customdata


def of_reservation(call: Call) -> Document:
    return call.get(Reservation).customdata


def userdata(call: Call) -> Document:
    return {"userdata": device_of(call).userdata}


def validate_userdata(call: Call) -> Answer:
    text = call.body.text("userdata", required=True) or ""
    call.body.check()
    if not text.startswith((*_STARTS, "Content-Type: multipart", "MIME-Version:")):
        raise InvalidError(f"userdata begins with none of {', '.join(_STARTS)}")
    return Answer(204)


routes = [
    get("/devices/{id}/customdata", of_device),
    get("/projects/{id}/customdata", of_project),
    get("/organizations/{id}/customdata", of_organization),
    get("/ips/{id}/customdata", of_reservation),
    get("/devices/{id}/userdata", userdata),
    post("/userdata/validate", validate_userdata),
]
