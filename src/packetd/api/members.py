# SPDX-License-Identifier: GPL-3.0-or-later
"""Who belongs to an organization (its members) and to a project (its memberships)."""

from __future__ import annotations

from typing import Any, TypedDict, TypeVar

from sqlalchemy import Select, or_, select

from packetd.api.calls import Call
from packetd.api.errors import InvalidError, NotFoundError
from packetd.api.fields import Field, words
from packetd.api.organizations import organization_link
from packetd.api.paging import paged
from packetd.api.projects import project_link
from packetd.api.routes import Listing, delete, get, put
from packetd.api.users import user_link
from packetd.api.views import Document, Link
from packetd.model.moments import moment
from packetd.model.roles import INVITABLE, Right, Role
from packetd.store.tables import Member, Membership, Organization, Project, Table, User

Row = TypeVar("Row", bound=Table)


def roles_field(name: str) -> Field[list[str]]:
    """Roles that may be given to somebody."""
    about = "What they may do"
    plain = words(name, about)

    def read(body: Any) -> list[str]:
        roles = plain.read(body)
        for role in roles:
            if role not in set(INVITABLE):
                body.wrong(name, f"{role!r} is not valid; allowed are {', '.join(sorted(INVITABLE))}")
        return roles

    items = {"type": "string", "enum": sorted(INVITABLE)}
    return Field(name, about, {"type": "array", "items": items}, read)


ROLES = roles_field("roles")
# The name in the written contract.
ROLE = roles_field("role")


class MemberView(TypedDict):
    """A user of an organization."""

    id: str
    roles: list[str]
    projects_count: int
    projects: list[Link]
    user: Link
    organization: Link
    created_at: str | None
    updated_at: str | None
    href: str


class MembershipView(TypedDict):
    """A user of a project; without one, a member of an organization just accepted its invitation."""

    id: str
    roles: list[str]
    user: Link
    project: Link | None
    created_at: str | None
    updated_at: str | None
    href: str


def show_member(call: Call, member: Member) -> MemberView:
    projects = call.session.scalars(
        call.visible(Project, Right.READ)
        .with_only_columns(Project.id)
        .join(Membership, Membership.project_id == Project.id)
        .where(Membership.user_id == member.user_id, Project.organization_id == member.organization_id)
        .order_by(Project.created_at)
    ).all()
    return {
        "id": member.id,
        "roles": member.roles,
        "projects_count": len(projects),
        "projects": [project_link(call, id_) for id_ in projects],
        "user": user_link(call, member.user_id),
        "organization": organization_link(call, member.organization_id),
        "created_at": moment(member.created_at),
        "updated_at": moment(member.updated_at),
        "href": call.href(f"/members/{member.id}"),
    }


def show_membership(call: Call, membership: Membership) -> MembershipView:
    return {
        "id": membership.id,
        "roles": membership.roles,
        "user": user_link(call, membership.user_id),
        "project": project_link(call, membership.project_id),
        "created_at": moment(membership.created_at),
        "updated_at": moment(membership.updated_at),
        "href": call.href(f"/memberships/{membership.id}"),
    }


def show_as_membership(call: Call, member: Member) -> MembershipView:
    """A member of an organization in the form of a membership, of no project."""
    return {
        "id": member.id,
        "roles": member.roles,
        "user": user_link(call, member.user_id),
        "project": None,
        "created_at": moment(member.created_at),
        "updated_at": moment(member.updated_at),
        "href": call.href(f"/members/{member.id}"),
    }


def _searched(call: Call, people: Select[Row]) -> Select[Row]:
    """Those whose name or address has the text; ``people`` is joined with users."""
    if sought := call.query.get("search"):
        columns = (User.first_name, User.last_name, User.email)
        people = people.where(or_(*(column.contains(sought, autoescape=True) for column in columns)))
    return people


def of_organization(call: Call) -> Document:
    """The members of an organization."""
    wanted = select(Member).join(User).where(Member.organization_id == call.get(Organization).id)
    return paged(
        call,
        "members",
        _searched(call, wanted).order_by(Member.created_at, Member.id),
        lambda rows: [show_member(call, row) for row in rows],
    )


def of_project(call: Call) -> Document:
    """The memberships of a project."""
    wanted = select(Membership).join(User).where(Membership.project_id == call.get(Project).id)
    return paged(
        call,
        "memberships",
        _searched(call, wanted).order_by(Membership.created_at, Membership.id),
        lambda rows: [show_membership(call, row) for row in rows],
    )


def show_one_member(call: Call) -> Document:
    """One member."""
    return call.show(show_member(call, call.get(Member)))


def remove_member(call: Call) -> None:
    """Take somebody out of an organization and all of its projects; the id is theirs or the member's."""
    organization = call.get(Organization, right=Right.READ)
    named = call.path["member_id"]
    member = call.session.scalars(
        select(Member).where(
            Member.organization_id == organization.id, or_(Member.id == named, Member.user_id == named)
        )
    ).first()
    if member is None:
        raise NotFoundError
    if member.user_id != call.user.id:
        # Whoever wants to leave needs no right.
        call.get(Organization, right=Right.ADMINISTER)
    _keep_an_owner(call, select(Member).where(Member.organization_id == organization.id), member)
    memberships = call.session.scalars(
        select(Membership)
        .join(Project)
        .where(Project.organization_id == organization.id, Membership.user_id == member.user_id)
    )
    for row in (*memberships, member):
        call.session.delete(row)


def show(call: Call) -> Document:
    """One membership."""
    return call.show(show_membership(call, call.get(Membership)))


def update(call: Call) -> Document:
    """Change what somebody may do in a project."""
    membership = call.get(Membership, right=Right.ADMINISTER)
    roles = ROLE.read(call.body) + ROLES.read(call.body)
    if not roles:
        call.body.wrong("role", "can't be blank")
    call.body.check()
    _keep_an_owner(call, select(Membership).where(Membership.project_id == membership.project_id), membership)
    membership.roles = sorted(set(roles))
    call.session.flush()
    return call.show(show_membership(call, membership))


def remove(call: Call) -> None:
    """Take somebody out of a project."""
    membership = call.get(Membership, right=Right.READ)
    if membership.user_id != call.user.id:
        call.get(Membership, right=Right.ADMINISTER)
    _keep_an_owner(call, select(Membership).where(Membership.project_id == membership.project_id), membership)
    call.session.delete(membership)


def _keep_an_owner(call: Call, others: Select[Any], leaving: Member | Membership) -> None:
    """Raises InvalidError where nobody would be left to decide."""
    owners = [row.id for row in call.session.scalars(others) if Role.OWNER in row.roles]
    if owners == [leaving.id]:
        raise InvalidError("Cannot remove the only owner; make somebody else an owner first")


_SEARCH = {"search": "Part of a name or address"}
routes = [
    get("/organizations/{id}/members", of_organization, gives=Listing("members", MemberView), asks=_SEARCH),
    delete("/organizations/{id}/members/{member_id}", remove_member),
    get("/members/{id}", show_one_member, gives=MemberView),
    get("/projects/{id}/memberships", of_project, gives=Listing("memberships", MembershipView), asks=_SEARCH),
    get("/memberships/{id}", show, gives=MembershipView),
    put("/memberships/{id}", update, takes=(ROLE, ROLES), gives=MembershipView),
    delete("/memberships/{id}", remove),
]
