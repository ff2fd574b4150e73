# SPDX-License-Identifier: GPL-3.0-or-later
"""What a first start makes: a user with an organization, a project, and the administrator's token."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from packetd.model.tokens import digest_of
from packetd.ownership import write_private
from packetd.settings import State
from packetd.store import Store
from packetd.store.accounts import add_organization, add_project, add_token, add_user
from packetd.store.tables import Organization, PaymentMethod, Project, Token, User


def first_user(session: Session) -> User | None:
    return session.scalars(select(User).order_by(User.created_at)).first()


def prepare(store: Store, state: State) -> None:
    """Make what a first start needs, with the administrator's token in its file."""
    with store.write() as session:
        user = first_user(session) or _make_first_user(session)
        if not _is_valid(session, state):
            # Stored before it is shown: a file with an unknown token would never work.
            _, text = add_token(session, user, "administrator", read_only=False)
            write_private(state.admin_token, text.encode() + b"\n")


def _make_first_user(session: Session) -> User:
    """Clients expect an account that has been set up: a project, and something that pays for it."""
    user = add_user(session, "Packet", "Admin", "admin@packetd.invalid")
    # Clients refuse to turn the VPN on without; no token was ever asked for a second factor.
    user.two_factor_auth = "app"
    organization = Organization(name="packetd")
    add_organization(session, organization, user)
    method = PaymentMethod(organization_id=organization.id, name="Nothing is charged")
    session.add(method)
    session.flush()
    project = Project(organization_id=organization.id, name="default", payment_method_id=method.id)
    add_project(session, project, user)
    return user


def _is_valid(session: Session, state: State) -> bool:
    if not state.admin_token.exists():
        return False
    digest = digest_of(state.admin_token.read_text().strip())
    return session.scalars(select(Token).where(Token.digest == digest)).first() is not None
