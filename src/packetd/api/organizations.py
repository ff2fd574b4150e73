# SPDX-License-Identifier: GPL-3.0-or-later
"""Organizations: owners of projects."""

from __future__ import annotations

from typing import Any, TypedDict

from sqlalchemy import exists, select

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import CUSTOMDATA, blank_text, mapping, text
from packetd.api.fields import moment as moment_field
from packetd.api.paging import paged
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.users import user_link
from packetd.api.views import Document, Link, Reference
from packetd.model.moments import moment
from packetd.model.roles import Right
from packetd.store.accounts import add_organization
from packetd.store.tables import Member, Organization, Project

_CHANGEABLE = {
    "name": text("name", "What people call it", required=True, longest=80),
    "description": text("description", "What it is for"),
    "website": blank_text("website", "Where it is on the web"),
    "twitter": blank_text("twitter", "Its name there"),
    "logo": blank_text("logo", "The URL of its logo; kept, and never fetched"),
    "tax_id": blank_text("tax_id", "Its number with the tax authorities; kept only"),
    "main_phone": blank_text("main_phone", "Telephone number; kept only"),
    "billing_phone": blank_text("billing_phone", "Telephone number for bills; kept only"),
    "address": mapping("address", "Where it is: address, zip_code, country, city, state"),
    "billing_address": mapping("billing_address", "Where bills would go"),
    "enforce_2fa_at": moment_field("enforce_2fa_at", "From when on members need a second factor; kept only"),
    "customdata": CUSTOMDATA,
}
_FIELDS = _CHANGEABLE.values()


class OrganizationView(TypedDict):
    """What projects belong to."""

    id: str
    short_id: str
    name: str
    description: str
    website: str
    twitter: str
    logo: str
    address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    customdata: dict[str, Any]
    credit_amount: float
    terms: int
    tax_id: str
    main_phone: str
    billing_phone: str
    enforce_2fa_at: str | None
    personal: bool
    members: list[Link]
    memberships: list[Reference]
    owners: list[Link]
    projects: list[Link]
    created_at: str | None
    updated_at: str | None
    href: str


def organization_link(call: Call, organization_id: str) -> Link:
    return Link(
        call.href(f"/organizations/{organization_id}"),
        lambda: show_organization(call, call.get(Organization, organization_id, Right.READ)),
    )


def show_organization(call: Call, organization: Organization) -> OrganizationView:
    members = _members(call, organization)
    return {
        "id": organization.id,
        "short_id": organization.id[:8],
        "name": organization.name,
        "description": organization.description or "",
        "website": organization.website,
        "twitter": organization.twitter,
        "logo": organization.logo,
        "address": _address(organization.address),
        "billing_address": _address(organization.billing_address),
        "customdata": organization.customdata,
        "credit_amount": 0.0,
        "terms": 0,
        "tax_id": organization.tax_id,
        "main_phone": organization.main_phone,
        "billing_phone": organization.billing_phone,
        "enforce_2fa_at": moment(organization.enforce_2fa_at),
        "personal": False,
        "members": [user_link(call, member.user_id) for member in members],
        "memberships": [{"href": call.href(f"/members/{member.id}")} for member in members],
        "owners": [user_link(call, member.user_id) for member in members if "owner" in member.roles],
        "projects": _projects(call, organization),
        "created_at": moment(organization.created_at),
        "updated_at": moment(organization.updated_at),
        "href": call.href(f"/organizations/{organization.id}"),
    }


def _address(address: dict[str, Any]) -> dict[str, Any] | None:
    """Strict clients refuse an address that lacks one of these."""
    return {"address": "", "zip_code": "", "country": "", **address} if address else None


def _members(call: Call, organization: Organization) -> list[Member]:
    wanted = select(Member).where(Member.organization_id == organization.id)
    return list(call.session.scalars(wanted.order_by(Member.created_at, Member.id)))


def _projects(call: Call, organization: Organization) -> list[Link]:
    """Those that the caller may see."""
    from packetd.api.projects import project_link  # A project shows its organization.

    visible = call.visible(Project, Right.READ).where(Project.organization_id == organization.id)
    ids = call.session.scalars(visible.with_only_columns(Project.id).order_by(Project.created_at))
    return [project_link(call, id_) for id_ in ids]


def index(call: Call) -> Document:
    """The organizations that the user belongs to."""
    wanted = call.visible(Organization)
    if name := call.query.get("search"):
        wanted = wanted.where(Organization.name.contains(name, autoescape=True))
    empty = ~exists().where(Project.organization_id == Organization.id)
    if (without := call.query.get("without_projects")) in ("only", "exclude"):
        wanted = wanted.where(empty if without == "only" else ~empty)
    return paged(
        call,
        "organizations",
        wanted.order_by(Organization.created_at, Organization.id),
        lambda rows: [show_organization(call, row) for row in rows],
    )


def show(call: Call) -> Document:
    """One organization."""
    return call.show(show_organization(call, call.get(Organization)))


def create(call: Call) -> Document:
    """Make an organization; its maker owns it."""
    values = {name: field.read(call.body) for name, field in _CHANGEABLE.items()}
    call.body.check()
    organization = Organization(**values)
    add_organization(call.session, organization, call.person())
    return call.show(show_organization(call, organization))


def update(call: Call) -> Document:
    """Change an organization."""
    organization = call.get(Organization)
    call.change(organization, _CHANGEABLE)
    return call.show(show_organization(call, organization))


def remove(call: Call) -> None:
    """Delete an organization that has no projects."""
    organization = call.get(Organization, right=Right.ADMINISTER)
    if call.session.scalars(select(Project).where(Project.organization_id == organization.id)).first():
        raise InvalidError("Cannot delete an organization that has projects")
    call.session.delete(organization)


routes = [
    get(
        "/organizations",
        index,
        gives=Listing("organizations", OrganizationView),
        asks={
            "search": "Part of the name",
            "name": "The same",
            "without_projects": "Empty ones: only, or exclude",
        },
    ),
    post("/organizations", create, takes=_FIELDS, gives=OrganizationView),
    get("/organizations/{id}", show, gives=OrganizationView),
    put("/organizations/{id}", update, takes=_FIELDS, gives=OrganizationView),
    delete("/organizations/{id}", remove),
]
