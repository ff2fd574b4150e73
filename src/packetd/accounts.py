# SPDX-License-Identifier: GPL-3.0-or-later
"""The first user, their organization, and API tokens."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from packetd.model.tokens import digest_of, new_token
from packetd.ownership import write_private
from packetd.settings import State
from packetd.store import Store
from packetd.store.tables import Organization, Token, User


def prepare(store: Store, state: State) -> None:
    """Make what a first start needs: a user, an organization, and the administrator's token in its file."""
    with store.write() as session:
        user = session.scalars(select(User).order_by(User.created_at)).first()
        if user is None:
            user = User(first_name="Packet", last_name="Admin", email="admin@packetd.invalid")
            session.add_all([user, Organization(name="packetd")])
            session.flush()
        if not _is_valid(session, state):
            # Stored before it is shown: a file with an unknown token would never work.
            text = create_token(session, "administrator", read_only=False)
            write_private(state.admin_token, text.encode() + b"\n")


def _is_valid(session: Session, state: State) -> bool:
    if not state.admin_token.exists():
        return False
    digest = digest_of(state.admin_token.read_text().strip())
    return session.scalars(select(Token).where(Token.digest == digest)).first() is not None


def create_token(session: Session, description: str, *, read_only: bool) -> str:
    """A new token of the first user; this is the only time that it is seen."""
    user = session.scalars(select(User).order_by(User.created_at)).one()
    text = new_token()
    session.add(Token(user_id=user.id, digest=digest_of(text), description=description, read_only=read_only))
    return text
