# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls, and what things belong to: users, tokens, organizations, projects, SSH keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from packetd.store.tables.base import Changing, Table, Thing


class User(Changing, Table):
    """``email`` is the default one of their addresses."""

    __tablename__ = "users"
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    phone_number: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(default="Etc/UTC")
    customdata: Mapped[dict[str, Any]] = mapped_column(default=dict)
    two_factor_auth: Mapped[str] = mapped_column(default="")
    vpn: Mapped[bool] = mapped_column(default=False)


class Email(Thing, Table):
    """An address of a user. One that was not verified proves nothing about who they are."""

    __tablename__ = "emails"
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(unique=True)
    verified: Mapped[bool] = mapped_column(default=False)


class Notification(Changing, Table):
    """What a user is to know."""

    __tablename__ = "notifications"
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    type: Mapped[str]
    body: Mapped[str]
    read: Mapped[bool] = mapped_column(default=False)


class Token(Changing, Table):
    """An API token; only its digest is kept.

    It acts for its user, or for the project alone where there is a ``project_id``; the user is then
    who made it.
    """

    __tablename__ = "tokens"
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    read_only: Mapped[bool]


class Organization(Changing, Table):
    __tablename__ = "organizations"
    name: Mapped[str]
    description: Mapped[str | None]
    website: Mapped[str] = mapped_column(default="")
    twitter: Mapped[str] = mapped_column(default="")
    logo: Mapped[str] = mapped_column(default="")
    tax_id: Mapped[str] = mapped_column(default="")
    main_phone: Mapped[str] = mapped_column(default="")
    billing_phone: Mapped[str] = mapped_column(default="")
    address: Mapped[dict[str, Any]] = mapped_column(default=dict)
    billing_address: Mapped[dict[str, Any]] = mapped_column(default=dict)
    enforce_2fa_at: Mapped[datetime | None]
    customdata: Mapped[dict[str, Any]] = mapped_column(default=dict)


class PaymentMethod(Changing, Table):
    """How an organization would pay, if packetd charged."""

    __tablename__ = "payment_methods"
    organization_id: Mapped[str] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]


class Project(Changing, Table):
    __tablename__ = "projects"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    name: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(default=list)
    customdata: Mapped[dict[str, Any]] = mapped_column(default=dict)
    payment_method_id: Mapped[str | None]
    backend_transfer_enabled: Mapped[bool] = mapped_column(default=False)


class SSHKey(Changing, Table):
    """A public key of a project, or of a user where ``project_id`` is None."""

    __tablename__ = "ssh_keys"
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    label: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(default=list)
