# SPDX-License-Identifier: GPL-3.0-or-later
"""Invitations into organizations and projects.

packetd sends no mail: an invitation is found by the user who has its address among their verified ones.
"""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import Select, select

from packetd.api.calls import Call
from packetd.api.errors import ForbiddenError
from packetd.api.fields import text, words
from packetd.api.members import ROLES, MembershipView, show_as_membership, show_membership
from packetd.api.organizations import organization_link
from packetd.api.paging import paged
from packetd.api.projects import project_link
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.users import maker_link
from packetd.api.views import Document, Link, Reference
from packetd.model.moments import moment
from packetd.model.roles import Right, Role
from packetd.store.accounts import add_member, add_membership
from packetd.store.events import tell
from packetd.store.tables import Email, Invitation, Organization, Project, User

INVITEE = text("invitee", "The e-mail address of who is invited", required=True, longest=254)
MESSAGE = text("message", "What to tell them", longest=2000)
PROJECTS = words("projects_ids", "Into which projects of the organization")
_FIELDS = (INVITEE, MESSAGE, PROJECTS, ROLES)


class InvitationView(TypedDict):
    """Asks somebody in."""

    id: str
    invitee: str
    message: str | None
    nonce: str
    roles: list[str]
    invitation: Reference
    invited_by: Link | None
    organization: Link
    projects: list[Link]
    created_at: str | None
    updated_at: str | None
    href: str


def show_invitation(call: Call, invitation: Invitation) -> InvitationView:
    href = call.href(f"/invitations/{invitation.id}")
    return {
        "id": invitation.id,
        "invitee": invitation.invitee,
        "message": invitation.message,
        "nonce": "",
        "roles": invitation.roles,
        "invitation": {"href": href},
        "invited_by": maker_link(call, invitation.user_id),
        "organization": organization_link(call, invitation.organization_id),
        "projects": [project_link(call, id_) for id_ in invitation.project_ids],
        "created_at": moment(invitation.created_at),
        "updated_at": moment(invitation.updated_at),
        "href": href,
    }


def _page(call: Call, invitations: Select[Invitation]) -> Document:
    return paged(
        call,
        "invitations",
        invitations.order_by(Invitation.created_at, Invitation.id),
        lambda rows: [show_invitation(call, row) for row in rows],
    )


def index(call: Call) -> Document:
    """The invitations that the user got."""
    return _page(call, select(Invitation).where(Invitation.invitee.in_(_addresses(call.person()))))


def _addresses(user: User) -> Select[str]:
    return select(Email.address).where(Email.user_id == user.id, Email.verified)


def of_organization(call: Call) -> Document:
    """The invitations of an organization that nobody answered yet."""
    organization = call.get(Organization, right=Right.ADMINISTER)
    return _page(call, select(Invitation).where(Invitation.organization_id == organization.id))


def of_project(call: Call) -> Document:
    """The invitations into a project that nobody answered yet."""
    project = call.get(Project, right=Right.ADMINISTER)
    sent = select(Invitation).where(Invitation.organization_id == project.organization_id)
    ids = [row.id for row in call.session.scalars(sent) if project.id in row.project_ids]
    return _page(call, select(Invitation).where(Invitation.id.in_(ids)))


def create_in_organization(call: Call) -> Document:
    """Invite somebody into an organization."""
    return _create(call, call.get(Organization, right=Right.ADMINISTER), [])


def create_in_project(call: Call) -> Document:
    """Invite somebody into a project."""
    project = call.get(Project, right=Right.ADMINISTER)
    return _create(call, call.session.get_one(Organization, project.organization_id), [project.id])


def _create(call: Call, organization: Organization, project_ids: list[str]) -> Document:
    invitation = Invitation(
        organization_id=organization.id,
        user_id=call.user.id,
        invitee=INVITEE.read(call.body),
        message=MESSAGE.read(call.body),
        roles=ROLES.read(call.body) or [Role.COLLABORATOR],
        project_ids=list(dict.fromkeys(project_ids + PROJECTS.read(call.body))),
    )
    _check(call, invitation)
    call.session.add(invitation)
    call.session.flush()
    call.tell(organization, "invitation.created", f"{invitation.invitee} was invited")
    return call.show(show_invitation(call, invitation))


def _check(call: Call, invitation: Invitation) -> None:
    known = set(
        call.session.scalars(
            call.visible(Project, Right.ADMINISTER)
            .with_only_columns(Project.id)
            .where(
                Project.id.in_(invitation.project_ids), Project.organization_id == invitation.organization_id
            )
        )
    )
    for id_ in invitation.project_ids:
        if id_ not in known:
            call.body.wrong("projects_ids", f"{id_!r} is no project of the organization")
    sent = select(Invitation.id).where(
        Invitation.organization_id == invitation.organization_id, Invitation.invitee == invitation.invitee
    )
    if call.session.scalars(sent).first() is not None:
        call.body.wrong("invitee", "has already been invited")
    call.body.check()


def show(call: Call) -> Document:
    """One invitation."""
    return call.show(show_invitation(call, call.get(Invitation)))


def accept(call: Call) -> Document:
    """Accept an invitation; the answer is the first membership that came of it."""
    user, invitation = call.person(), call.get(Invitation)
    if invitation.invitee not in set(call.session.scalars(_addresses(user))):
        raise ForbiddenError(f"This invitation is for {invitation.invitee}")
    roles = [Role(role) for role in invitation.roles]
    member = add_member(call.session, invitation.organization_id, user.id, roles)
    projects = call.session.scalars(
        select(Project).where(
            Project.id.in_(invitation.project_ids), Project.organization_id == invitation.organization_id
        )
    )
    memberships = [add_membership(call.session, project.id, user.id, roles) for project in projects]
    organization = call.session.get_one(Organization, invitation.organization_id)
    tell(call.session, organization, "invitation.accepted", f"{invitation.invitee} joined", by=user)
    call.session.delete(invitation)
    call.session.flush()
    if memberships:
        return call.show(show_membership(call, memberships[0]))
    return call.show(show_as_membership(call, member))


def decline(call: Call) -> None:
    """Decline an invitation, or take it back."""
    call.session.delete(call.get(Invitation))


_LISTING = Listing("invitations", InvitationView)
routes = [
    get("/invitations", index, gives=_LISTING),
    get("/invitations/{id}", show, gives=InvitationView),
    put("/invitations/{id}", accept, gives=MembershipView),
    delete("/invitations/{id}", decline),
    get("/organizations/{id}/invitations", of_organization, gives=_LISTING),
    post("/organizations/{id}/invitations", create_in_organization, takes=_FIELDS, gives=InvitationView),
    get("/projects/{id}/invitations", of_project, gives=_LISTING),
    post("/projects/{id}/invitations", create_in_project, takes=_FIELDS, gives=InvitationView),
]
