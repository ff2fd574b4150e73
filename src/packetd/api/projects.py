# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects: what devices, keys and addresses belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from sqlalchemy import Select, select

from packetd.api.calls import Call
from packetd.api.errors import InvalidError, NotFoundError
from packetd.api.fields import CUSTOMDATA, TAGS, flag, text
from packetd.api.organizations import organization_link
from packetd.api.paging import paged
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.ssh_keys import ssh_key_link
from packetd.api.users import default_organization_id, user_link
from packetd.api.views import Document, Link, Reference
from packetd.model.lifecycle import State
from packetd.model.moments import moment
from packetd.model.roles import Right
from packetd.model.volumes import VolumeState
from packetd.store.accounts import add_project
from packetd.store.tables import (
    Device,
    Invitation,
    Membership,
    Organization,
    PaymentMethod,
    Project,
    SSHKey,
    Transfer,
    Volume,
)

NAME = text("name", "What people call it", required=True, longest=80)
PAYMENT_METHOD = text(
    "payment_method_id", "What it is paid by, unless given what the organization has; nothing is charged"
)
BACKEND_TRANSFER = flag("backend_transfer_enabled", "Whether its private networks span facilities; kept only")
ORGANIZATION = text("organization_id", "Whose it is; the user's first organization unless given")
_CHANGEABLE = {
    "name": NAME,
    "tags": TAGS,
    "customdata": CUSTOMDATA,
    "payment_method_id": PAYMENT_METHOD,
    "backend_transfer_enabled": BACKEND_TRANSFER,
}


class ProjectView(TypedDict):
    """What devices, keys and addresses belong to."""

    id: str
    name: str
    type: str
    tags: list[str]
    url: str
    customdata: dict[str, Any]
    max_devices: dict[str, int]
    network_status: dict[str, Any]
    backend_transfer_enabled: bool
    members: list[Link]
    memberships: list[Reference]
    invitations: list[Reference]
    transfers: list[Reference]
    organization: Link
    payment_method: dict[str, str]
    bgp_config: Reference
    devices: list[Link]
    ssh_keys: list[Link]
    volumes: list[Link]
    created_at: str | None
    updated_at: str | None
    href: str


@dataclass(frozen=True)
class _Contents:
    """What is in some projects, by the project's id: found for all of them at once."""

    devices: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    volumes: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    ssh_keys: defaultdict[str, list[SSHKey]] = field(default_factory=lambda: defaultdict(list))
    memberships: defaultdict[str, list[Membership]] = field(default_factory=lambda: defaultdict(list))
    invitations: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    transfers: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def project_link(call: Call, project_id: str) -> Link:
    return Link(
        call.href(f"/projects/{project_id}"),
        lambda: show_project(call, call.get(Project, project_id, Right.READ)),
    )


def show_project(call: Call, project: Project) -> ProjectView:
    return show_projects(call, [project])[0]


def show_projects(call: Call, projects: Sequence[Project]) -> list[ProjectView]:
    contents = _contents(call, projects)
    return [_show(call, project, contents) for project in projects]


def _show(call: Call, project: Project, contents: _Contents) -> ProjectView:
    href = call.href(f"/projects/{project.id}")
    memberships = contents.memberships[project.id]
    return {
        "id": project.id,
        "name": project.name,
        "type": "default",
        "tags": project.tags,
        "url": href,
        "customdata": project.customdata,
        "max_devices": _max_devices(call),
        "network_status": {},
        "backend_transfer_enabled": project.backend_transfer_enabled,
        "members": [user_link(call, membership.user_id) for membership in memberships],
        "memberships": _references(call, "memberships", [membership.id for membership in memberships]),
        "invitations": _references(call, "invitations", contents.invitations[project.id]),
        "transfers": _references(call, "transfers", contents.transfers[project.id]),
        "organization": organization_link(call, project.organization_id),
        "payment_method": {"href": call.href(f"/payment-methods/{project.payment_method_id}")}
        if project.payment_method_id
        else {},
        "bgp_config": {"href": f"{href}/bgp-config"},
        "devices": [_device_link(call, id_) for id_ in contents.devices[project.id]],
        "ssh_keys": [ssh_key_link(call, key) for key in contents.ssh_keys[project.id]],
        "volumes": [_volume_link(call, id_) for id_ in contents.volumes[project.id]],
        "created_at": moment(project.created_at),
        "updated_at": moment(project.updated_at),
        "href": href,
    }


def _max_devices(call: Call) -> dict[str, int]:
    """By plan, though the quota is for all of them together; empty where there is none."""
    quota = call.context.device_quota
    return {} if quota is None else dict.fromkeys(call.context.catalogue.plans, quota)


def _device_link(call: Call, device_id: str) -> Link:
    from packetd.api.device_views import show_device  # A device shows its project.

    return Link(
        call.href(f"/devices/{device_id}"),
        lambda: show_device(call, call.get(Device, device_id, Right.READ)),
    )


def _volume_link(call: Call, volume_id: str) -> Link:
    from packetd.api.volume_views import volume_link  # A volume shows its project.

    return volume_link(call, volume_id)


def _references(call: Call, kind: str, ids: Sequence[str]) -> list[Reference]:
    return [{"href": call.href(f"/{kind}/{id_}")} for id_ in ids]


def _contents(call: Call, projects: Sequence[Project]) -> _Contents:
    ids = [project.id for project in projects]
    contents = _Contents()
    for key in _of(call, SSHKey, ids):
        contents.ssh_keys[key.project_id or ""].append(key)
    for membership in _of(call, Membership, ids):
        contents.memberships[membership.project_id].append(membership)
    for transfer in _of(call, Transfer, ids):
        contents.transfers[transfer.project_id].append(transfer.id)
    # Of devices, which may be thousands, no more than is shown.
    devices = select(Device.project_id, Device.id).where(Device.project_id.in_(ids))
    for project_id, device_id in call.session.execute(devices.order_by(Device.created_at)):
        contents.devices[project_id or ""].append(device_id)
    volumes = select(Volume.project_id, Volume.id).where(Volume.project_id.in_(ids))
    for project_id, volume_id in call.session.execute(volumes.order_by(Volume.created_at)):
        contents.volumes[project_id or ""].append(volume_id)
    invited = call.visible(Invitation, Right.READ).where(
        Invitation.organization_id.in_({project.organization_id for project in projects})
    )
    for invitation in call.session.scalars(invited.order_by(Invitation.created_at)):
        for project_id in invitation.project_ids:
            contents.invitations[project_id].append(invitation.id)
    return contents


def _of(call: Call, table: Any, project_ids: Sequence[str]) -> Any:
    wanted = select(table).where(table.project_id.in_(project_ids))
    return call.session.scalars(wanted.order_by(table.created_at))


def _page(call: Call, projects: Select[Project]) -> Document:
    if name := call.query.get("name") or call.query.get("search"):
        projects = projects.where(Project.name.contains(name, autoescape=True))
    return paged(
        call,
        "projects",
        projects.order_by(Project.created_at, Project.id),
        lambda rows: show_projects(call, rows),
    )


def index(call: Call) -> Document:
    """All projects that the caller may see."""
    return _page(call, call.visible(Project))


def of_organization(call: Call) -> Document:
    """The projects of an organization."""
    return _page(call, call.visible(Project).where(Project.organization_id == call.get(Organization).id))


def show(call: Call) -> Document:
    """One project."""
    return call.show(show_project(call, call.get(Project)))


def create(call: Call) -> Document:
    """Make a project."""
    return _create(call, _organization(call))


def create_in_organization(call: Call) -> Document:
    """Make a project in an organization."""
    return _create(call, call.get(Organization))


def _organization(call: Call) -> Organization:
    wanted = ORGANIZATION.read(call.body) or default_organization_id(call, call.person())
    if wanted is None:
        raise InvalidError("organization_id can't be blank: you belong to no organization")
    try:
        return call.get(Organization, wanted)
    except NotFoundError:
        raise InvalidError(f"organization_id {wanted!r} is no organization of yours") from None


def _create(call: Call, organization: Organization) -> Document:
    project = Project(
        organization_id=organization.id,
        **{attribute: wanted.read(call.body) for attribute, wanted in _CHANGEABLE.items()},
    )
    _check_payment_method(call, organization.id)
    call.body.check()
    project.payment_method_id = project.payment_method_id or payment_method_of(call, organization.id)
    add_project(call.session, project, call.user)
    return call.show(show_project(call, project))


def _check_payment_method(call: Call, organization_id: str) -> None:
    """What was given must be the organization's."""
    if (wanted := PAYMENT_METHOD.read(call.body)) is None:
        return
    known = select(PaymentMethod.id).where(
        PaymentMethod.id == wanted, PaymentMethod.organization_id == organization_id
    )
    if call.session.scalars(known).first() is None:
        call.body.wrong("payment_method_id", f"{wanted!r} is no payment method of the organization")


def payment_method_of(call: Call, organization_id: str) -> str | None:
    """What an organization pays by, unless told otherwise."""
    methods = select(PaymentMethod.id).where(PaymentMethod.organization_id == organization_id)
    return call.session.scalars(methods.order_by(PaymentMethod.created_at).limit(1)).first()


def update(call: Call) -> Document:
    """Change a project."""
    project = call.get(Project, right=Right.ADMINISTER)
    _check_payment_method(call, project.organization_id)
    call.change(project, _CHANGEABLE)
    return call.show(show_project(call, project))


def remove(call: Call) -> None:
    """Delete a project.

    Its keys and reservations go with a project; devices must have been deleted before."""
    project = call.get(Project, right=Right.ADMINISTER)
    left = select(Device.hostname).where(
        Device.project_id == project.id, Device.state != State.DEPROVISIONING
    )
    if hostname := call.session.scalars(left.limit(1)).first():
        raise InvalidError(f"Cannot delete a project that has devices, for example {hostname}")
    volumes = select(Volume).where(
        Volume.project_id == project.id, Volume.state != VolumeState.DEPROVISIONING
    )
    if volume := call.session.scalars(volumes.limit(1)).first():
        raise InvalidError(f"Cannot delete a project that has volumes, for example {volume.name}")
    call.session.delete(project)
    organization = call.session.get_one(Organization, project.organization_id)
    call.tell(organization, "project.deleted", f"Project {project.name} was deleted")


_FIELDS = _CHANGEABLE.values()
_LISTING = Listing("projects", ProjectView)
_ASKS = {"name": "Part of the name", "search": "The same"}
routes = [
    get("/projects", index, gives=_LISTING, asks=_ASKS),
    post("/projects", create, takes=(ORGANIZATION, *_FIELDS), gives=ProjectView),
    get("/projects/{id}", show, gives=ProjectView),
    put("/projects/{id}", update, takes=_FIELDS, gives=ProjectView),
    delete("/projects/{id}", remove),
    get("/organizations/{id}/projects", of_organization, gives=_LISTING, asks=_ASKS),
    post("/organizations/{id}/projects", create_in_organization, takes=_FIELDS, gives=ProjectView),
]
