# SPDX-License-Identifier: GPL-3.0-or-later
"""How people, organizations, projects and tokens come about, so that nobody forgets a part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from packetd.model.roles import Role
from packetd.model.tokens import digest_of, new_token
from packetd.store.events import tell
from packetd.store.tables import Email, Member, Membership, Notification, Organization, Project, Token, User

Row = TypeVar("Row", Member, Membership)


def add_user(session: Session, first_name: str, last_name: str, email: str) -> User:
    """A user whose address counts as verified: whoever runs packetd vouches for it."""
    user = User(first_name=first_name, last_name=last_name, email=email)
    session.add(user)
    session.flush()
    welcome = f"Welcome to packetd, {first_name}: the API answers to your tokens."
    session.add_all(
        [
            Email(user_id=user.id, address=email, verified=True),
            Notification(user_id=user.id, type="welcome", body=welcome),
        ]
    )
    tell(session, None, "user.created", f"User {email} was created", by=user)
    return user


def add_organization(session: Session, organization: Organization, owner: User) -> None:
    session.add(organization)
    session.flush()
    add_member(session, organization.id, owner.id, [Role.OWNER])
    body = f"Organization {organization.name} was created"
    tell(session, organization, "organization.created", body, by=owner)


def add_member(session: Session, organization_id: str, user_id: str, roles: Iterable[Role]) -> Member:
    """The user as a member with these roles, besides those that they had."""
    member = session.scalars(
        select(Member).where(Member.organization_id == organization_id, Member.user_id == user_id)
    ).first()
    return _give(session, member or Member(organization_id=organization_id, user_id=user_id, roles=[]), roles)


def add_membership(session: Session, project_id: str, user_id: str, roles: Iterable[Role]) -> Membership:
    """The user as a member of a project with these roles, besides those that they had."""
    membership = session.scalars(
        select(Membership).where(Membership.project_id == project_id, Membership.user_id == user_id)
    ).first()
    return _give(session, membership or Membership(project_id=project_id, user_id=user_id, roles=[]), roles)


def _give(session: Session, row: Row, roles: Iterable[Role]) -> Row:
    row.roles = sorted({*row.roles, *roles})
    session.add(row)
    session.flush()
    return row


def add_project(session: Session, project: Project, maker: User) -> None:
    session.add(project)
    session.flush()
    add_membership(session, project.id, maker.id, [Role.OWNER])
    tell(session, project, "project.created", f"Project {project.name} was created", by=maker)
    session.flush()


def add_token(
    session: Session, user: User, description: str, *, read_only: bool, project: Project | None = None
) -> tuple[Token, str]:
    """A new token and its text, which is not kept: nobody sees it again."""
    text = new_token()
    token = Token(
        user_id=user.id,
        project_id=project.id if project else None,
        digest=digest_of(text),
        description=description,
        read_only=read_only,
    )
    session.add(token)
    session.flush()
    return token, text
