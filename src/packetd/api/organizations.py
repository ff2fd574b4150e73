# SPDX-License-Identifier: GPL-3.0-or-later
"""Organizations: owners of projects."""

from __future__ import annotations

from sqlalchemy import select

from packetd.api.calls import Answer, Call, delete, get, post, put
from packetd.api.errors import InvalidError
from packetd.api.paging import paged
from packetd.api.views import Document, Link
from packetd.model.moments import moment
from packetd.store.tables import Organization, Project


def organization_link(call: Call, organization_id: str) -> Link:
    return Link(
        call.href(f"/organizations/{organization_id}"),
        lambda: show_organization(call, call.get(Organization, organization_id)),
    )


def show_organization(call: Call, organization: Organization) -> Document:
    href = call.href(f"/organizations/{organization.id}")
    projects = call.session.scalars(
        select(Project.id).where(Project.organization_id == organization.id).order_by(Project.created_at)
    )
    return {
        "id": organization.id,
        "name": organization.name,
        "description": organization.description or "",
        "website": "",
        "twitter": "",
        "logo": None,
        "address": {"href": "#"},
        "customdata": organization.customdata,
        "credit_amount": 0.0,
        "tax_id": "",
        "main_phone": "",
        "billing_phone": "",
        "enforce_2fa_at": None,
        "members": [],
        "memberships": [],
        "projects": [{"href": call.href(f"/projects/{project}")} for project in projects],
        "created_at": moment(organization.created_at),
        "updated_at": moment(organization.updated_at),
        "href": href,
    }


def index(call: Call) -> Document:
    return paged(
        call,
        "organizations",
        select(Organization).order_by(Organization.created_at),
        lambda rows: [show_organization(call, row) for row in rows],
    )


def show(call: Call) -> Document:
    return call.show(show_organization(call, call.get(Organization)))


def create(call: Call) -> Answer:
    organization = Organization(
        name=call.body.text("name", required=True, longest=80),
        description=call.body.text("description"),
        customdata=call.body.mapping("customdata"),
    )
    call.body.check()
    call.session.add(organization)
    call.session.flush()
    return Answer(201, call.show(show_organization(call, organization)))


def update(call: Call) -> Document:
    organization = call.get(Organization)
    if "name" in call.body:
        organization.name = call.body.text("name", required=True, longest=80) or organization.name
    if "description" in call.body:
        organization.description = call.body.text("description")
    if "customdata" in call.body:
        organization.customdata = call.body.mapping("customdata")
    call.body.check()
    call.session.flush()
    return call.show(show_organization(call, organization))


def remove(call: Call) -> Answer:
    organization = call.get(Organization)
    if call.session.scalars(select(Project).where(Project.organization_id == organization.id)).first():
        raise InvalidError("Cannot delete an organization that has projects")
    call.session.delete(organization)
    return Answer(204)


routes = [
    get("/organizations", index),
    post("/organizations", create),
    get("/organizations/{id}", show),
    put("/organizations/{id}", update),
    delete("/organizations/{id}", remove),
]
