# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects: what devices, keys and addresses belong to."""

from __future__ import annotations

from sqlalchemy import Select, select

from packetd.api.calls import Answer, Call, delete, get, post, put
from packetd.api.errors import InvalidError
from packetd.api.organizations import organization_link
from packetd.api.paging import paged
from packetd.api.views import Document, Link
from packetd.model.lifecycle import State
from packetd.model.moments import moment
from packetd.store.tables import Device, Organization, Project, SSHKey

_LONGEST_NAME = 80


def project_link(call: Call, project_id: str) -> Link:
    return Link(
        call.href(f"/projects/{project_id}"), lambda: show_project(call, call.get(Project, project_id))
    )


def show_project(call: Call, project: Project) -> Document:
    href = call.href(f"/projects/{project.id}")
    return {
        "id": project.id,
        "name": project.name,
        "type": "default",
        "tags": [],
        "url": href,
        "customdata": project.customdata,
        "max_devices": {},
        "network_status": {},
        "backend_transfer_enabled": project.backend_transfer_enabled,
        "members": [],
        "memberships": [],
        "invitations": [],
        "transfers": [],
        "organization": organization_link(call, project.organization_id),
        "payment_method": {"href": call.href(f"/payment-methods/{project.payment_method_id}")}
        if project.payment_method_id
        else {},
        "bgp_config": {"href": f"{href}/bgp-config"},
        "devices": [{"href": call.href(f"/devices/{id_}")} for id_ in _ids(call, Device, project)],
        "ssh_keys": [{"href": call.href(f"/ssh-keys/{id_}")} for id_ in _ids(call, SSHKey, project)],
        "volumes": [],
        "created_at": moment(project.created_at),
        "updated_at": moment(project.updated_at),
        "href": href,
    }


def _ids(call: Call, table: type[Device] | type[SSHKey], project: Project) -> list[str]:
    wanted = select(table.id).where(table.project_id == project.id).order_by(table.created_at)
    return list(call.session.scalars(wanted))


def _page(call: Call, projects: Select[Project]) -> Document:
    return paged(
        call,
        "projects",
        projects.order_by(Project.created_at, Project.id),
        lambda rows: [show_project(call, row) for row in rows],
    )


def index(call: Call) -> Document:
    wanted = select(Project)
    if name := call.query.get("name"):
        wanted = wanted.where(Project.name.contains(name, autoescape=True))
    return _page(call, wanted)


def of_organization(call: Call) -> Document:
    return _page(call, select(Project).where(Project.organization_id == call.get(Organization).id))


def show(call: Call) -> Document:
    return call.show(show_project(call, call.get(Project)))


def create(call: Call) -> Answer:
    return _create(call, _organization(call))


def create_in_organization(call: Call) -> Answer:
    return _create(call, call.get(Organization))


def _organization(call: Call) -> Organization:
    wanted = call.body.text("organization_id")
    organizations = select(Organization).order_by(Organization.created_at)
    if wanted is not None:
        organizations = organizations.where(Organization.id == wanted)
    organization = call.session.scalars(organizations).first()
    if organization is None:
        raise InvalidError(f"organization_id {wanted!r} is no organization")
    return organization


def _create(call: Call, organization: Organization) -> Answer:
    project = Project(
        organization_id=organization.id,
        name=call.body.text("name", required=True, longest=_LONGEST_NAME),
        customdata=call.body.mapping("customdata"),
        payment_method_id=call.body.text("payment_method_id"),
    )
    call.body.check()
    call.session.add(project)
    call.session.flush()
    return Answer(201, call.show(show_project(call, project)))


def update(call: Call) -> Document:
    project = call.get(Project)
    if "name" in call.body:
        project.name = call.body.text("name", required=True, longest=_LONGEST_NAME) or project.name
    if "customdata" in call.body:
        project.customdata = call.body.mapping("customdata")
    if "payment_method_id" in call.body:
        project.payment_method_id = call.body.text("payment_method_id")
    if "backend_transfer_enabled" in call.body:
        project.backend_transfer_enabled = call.body.flag("backend_transfer_enabled")
    call.body.check()
    call.session.flush()
    return call.show(show_project(call, project))


def remove(call: Call) -> Answer:
    """Its keys and reservations go with a project; devices must have been deleted before."""
    project = call.get(Project)
    left = select(Device.hostname).where(
        Device.project_id == project.id, Device.state != State.DEPROVISIONING
    )
    if hostname := call.session.scalars(left.limit(1)).first():
        raise InvalidError(f"Cannot delete a project that has devices, for example {hostname}")
    call.session.delete(project)
    return Answer(204)


routes = [
    get("/projects", index),
    post("/projects", create),
    get("/projects/{id}", show),
    put("/projects/{id}", update),
    delete("/projects/{id}", remove),
    get("/organizations/{id}/projects", of_organization),
    post("/organizations/{id}/projects", create_in_organization),
]
