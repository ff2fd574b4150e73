# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on the pages: what the API says to the one who is signed in, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict, cast

import msgspec
from sqlalchemy import Select, func, select
from starlette.datastructures import QueryParams

from packetd.api import devices as api_devices
from packetd.api import events as api_events
from packetd.api.calls import Call, Handler
from packetd.api.device_filters import ASKS
from packetd.api.events import show_event
from packetd.api.kept_devices import KEY
from packetd.api.paging import paged
from packetd.api.routes import PAGING, SHAPING
from packetd.api.sent import Query
from packetd.api.views import Document
from packetd.model.lifecycle import State
from packetd.model.moments import moment
from packetd.model.roles import Right
from packetd.store.tables import Device, Event, Project

# What the handlers of the API that are used here may read of a query.
DECLARED = frozenset({*ASKS, *PAGING, *SHAPING, *api_events.ASKS})
_ASKED = ("search", "state", "page")
_RELATED = ("devices", "storage", "projects", "organizations")
_ROWS = 50
_ROWS_BESIDE = 15


class ProjectRow(TypedDict):
    """A project in a list; ``devices`` counts them by state."""

    id: str
    name: str
    devices: dict[str, int]
    created_at: str | None


def owner_name(call: Call) -> Document:
    """What to call the owner of the token."""
    if call.access.project_id is None:
        return {"name": call.user.email}
    return {"name": f"project {call.get(Project, cast('str', call.access.project_id)).name}"}


def project_list(call: Call) -> Document:
    """The projects of the caller."""
    projects = call.visible(Project).order_by(Project.created_at, Project.id)
    return _said(paged(call, "projects", projects, lambda rows: _project_rows(call, rows), size=_ROWS))


def _project_rows(call: Call, projects: Sequence[Project]) -> list[ProjectRow]:
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    counted = (
        select(Device.project_id, Device.state, func.count())
        .where(Device.project_id.in_([project.id for project in projects]))
        .group_by(Device.project_id, Device.state)
        .order_by(Device.state)
    )
    for project_id, state, count in call.session.execute(counted):
        counts[project_id or ""][state] = count
    return [
        {
            "id": project.id,
            "name": project.name,
            "devices": counts[project.id],
            "created_at": moment(project.created_at),
        }
        for project in projects
    ]


def project(call: Call) -> Document:
    """A project, its devices, and what happened in it."""
    shown = call.get(Project)
    of_devices = api_devices.of_project(_asking(call, **_asked(call)))
    events = call.visible(Event).where(Event.project_id == shown.id)
    return {
        "project": _project_rows(call, [shown])[0],
        **_latest(call, events, _ROWS_BESIDE),
        **_devices(call, _said(of_devices)),
    }


def device_list(call: Call) -> Document:
    """The devices of all projects of the caller."""
    projects = call.visible(Project).with_only_columns(Project.id)
    wanted = select(KEY).where(Device.project_id.in_(projects))
    said = _said(api_devices.devices_page(_asking(call, **_asked(call)), wanted))
    return {**_devices(call, said), "names": _project_names(call, said["devices"])}


def device(call: Call) -> Document:
    """A device, and what happened to it."""
    shown = _said(api_devices.show(_asking(call)))
    events = api_events.of_device(_asking(call, per_page=_ROWS_BESIDE, page=call.query.get("page", "")))
    return {"device": shown, "names": _project_names(call, [shown]), **_events(call, events)}


def event_list(call: Call) -> Document:
    """What happened to all that the caller may see."""
    return _latest(call, call.visible(Event), _ROWS)


def _latest(call: Call, events: Select[Event], most: int) -> Document:
    """The latest of them, without their number: to count many every two seconds would take long."""
    found = call.session.scalars(events.order_by(Event.serial.desc()).limit(most))
    shown = [show_event(call, event) for event in found]
    return _events(call, _asking(call).show_all("events", shown))


def _asking(call: Call, **query: Any) -> Call:
    """The same caller, who asks this."""
    return replace(call, query=Query(QueryParams(query), call.declared))


def _asked(call: Call) -> dict[str, str]:
    """What of the query the API is asked, for so many rows as a page has."""
    asked = {name: value for name in _ASKED if (value := call.query.get(name))}
    return {**asked, "per_page": str(_ROWS)}


def _said(document: Mapping[str, Any]) -> Document:
    """As a client of the API gets it: some of it is JSON already."""
    said: Document = msgspec.json.decode(msgspec.json.encode(document))
    return said


def _devices(call: Call, said: Document) -> Document:
    return {
        **said,
        "states": [state.value for state in State if state is not State.DELETED],
        "asked": {name: call.query.get(name, "") for name in ("search", "state")},
    }


def _events(call: Call, document: Mapping[str, Any]) -> Document:
    """Events with the ids of their device and project, and the names that these have now."""
    said = _said(document)
    for event in said["events"]:
        related = [reference["href"].split("/") for reference in event["relationships"]]
        event["of"] = {**dict.fromkeys(_RELATED), **{kind: id_ for _, kind, id_ in related}}
    ids = {event["of"]["devices"] for event in said["events"]}
    found = select(Device.id, Device.hostname).where(
        Device.id.in_(ids - {None}), Device.project_id.is_not(None), call.access.to(Device, Right.READ)
    )
    hostnames = dict(call.session.execute(found).tuples().all())
    return {**said, "hostnames": hostnames}


def _project_names(call: Call, devices: Sequence[Document]) -> dict[str, str]:
    """The names of the projects of devices, by where they are found."""
    ids = {device["project"]["href"].rpartition("/")[2] for device in devices}
    found = call.visible(Project).where(Project.id.in_(ids)).with_only_columns(Project.id, Project.name)
    return {f"/projects/{id_}": name for id_, name in call.session.execute(found)}


PAGES: dict[str, tuple[str, Handler]] = {
    "/projects": ("projects.html", project_list),
    "/projects/{id}": ("project.html", project),
    "/devices": ("devices.html", device_list),
    "/devices/{id}": ("device.html", device),
    "/events": ("events.html", event_list),
}
"""Template and content, by path below ROOT."""
