# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the devices of a project may announce routes by BGP, and as whom.

It is kept, and not carried out: no driver has a router that peers.
"""

from __future__ import annotations

from typing import TypedDict

from packetd.api.bgp_sessions import session_link, sessions_of_project
from packetd.api.calls import Call
from packetd.api.fields import one_of, text, whole
from packetd.api.projects import project_link
from packetd.api.routes import Listing, get, post
from packetd.api.views import Document, Link, Reference
from packetd.model.bgp import HIGHEST_ASN, LOCAL_ASN, MAX_PREFIX, Deployment, status_of
from packetd.model.moments import moment
from packetd.store.bgp import config_of
from packetd.store.tables import BGPConfig, Project, now

DEPLOYMENT_TYPE = one_of("deployment_type", "Who shall learn the routes", list(Deployment), required=True)
ASN = whole("asn", "The number that devices peer as", default=LOCAL_ASN, least=1, most=HIGHEST_ASN)
MD5 = text("md5", "The password of sessions", longest=64)
USE_CASE = text("use_case", "What it is for")
_TAKES = (DEPLOYMENT_TYPE, ASN, MD5, USE_CASE)


class BGPConfigView(TypedDict, total=False):
    """What a project may announce. Without a configuration the answer is empty."""

    id: str
    status: str
    deployment_type: str
    asn: int
    md5: str | None
    route_object: str | None
    max_prefix: int
    ranges: list[Reference]
    sessions: list[Link]
    project: Link
    created_at: str | None
    requested_at: str | None
    href: str


class GlobalBGPRangeView(TypedDict):
    """A range of a project's own that the Internet would be told of."""

    id: str
    address_family: int
    range: str
    project: Link
    href: str


def show_config(call: Call, config: BGPConfig) -> BGPConfigView:
    sessions = call.session.scalars(sessions_of_project(config.project_id))
    return {
        "id": config.id,
        "status": config.status,
        "deployment_type": config.deployment_type,
        "asn": config.asn,
        "md5": config.md5,
        "route_object": None,
        "max_prefix": MAX_PREFIX,
        "ranges": [],
        "sessions": [session_link(call, session) for session in sessions],
        "project": project_link(call, config.project_id),
        "created_at": moment(config.created_at),
        "requested_at": moment(config.requested_at),
        "href": call.href(f"/bgp-configs/{config.id}"),
    }


def show(call: Call) -> Document:
    """The BGP configuration of a project, empty where there is none."""
    config = config_of(call.session, call.get(Project).id)
    return {} if config is None else call.show(show_config(call, config))


def create(call: Call) -> None:
    """Enable BGP for a project, or change how."""
    project = call.get(Project)
    kind = DEPLOYMENT_TYPE.read(call.body)
    asn, md5, use_case = ASN.read(call.body), MD5.read(call.body), USE_CASE.read(call.body)
    call.body.check()
    deployment = Deployment(kind or "")
    config = config_of(call.session, project.id) or BGPConfig(project_id=project.id)
    config.asn, config.md5, config.use_case = asn, md5, use_case
    config.deployment_type = deployment
    config.status = status_of(deployment)
    config.requested_at = now()
    call.session.add(config)


def global_ranges(call: Call) -> Document:
    """The ranges that a project brought for announcing them to the Internet, which is not done here."""
    call.get(Project)
    return {"global_bgp_ranges": []}


routes = [
    get("/projects/{id}/bgp-config", show, gives=BGPConfigView),
    post("/projects/{id}/bgp-configs", create, takes=_TAKES, status=204),
    get(
        "/projects/{id}/global-bgp-ranges",
        global_ranges,
        gives=Listing("global_bgp_ranges", GlobalBGPRangeView, paged=False),
    ),
]
