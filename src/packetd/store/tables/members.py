# SPDX-License-Identifier: GPL-3.0-or-later
"""Who belongs to an organization or a project, and who is asked to."""

from __future__ import annotations

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from packetd.store.tables.base import Changing, Table


class Member(Changing, Table):
    """A user of an organization; ``roles`` are words of model.roles.Role."""

    __tablename__ = "members"
    organization_id: Mapped[str] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    roles: Mapped[list[str]]
    __table_args__ = (UniqueConstraint("organization_id", "user_id"),)


class Membership(Changing, Table):
    """A user of a project."""

    __tablename__ = "memberships"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    roles: Mapped[list[str]]
    __table_args__ = (UniqueConstraint("project_id", "user_id"),)


class Invitation(Changing, Table):
    """Asks whoever has the address ``invitee`` into an organization and some of its projects."""

    __tablename__ = "invitations"
    organization_id: Mapped[str] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    invitee: Mapped[str] = mapped_column(index=True)
    message: Mapped[str | None]
    project_ids: Mapped[list[str]]
    roles: Mapped[list[str]]


class Transfer(Changing, Table):
    """Asks an organization to take a project over."""

    __tablename__ = "transfers"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    organization_id: Mapped[str] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )
