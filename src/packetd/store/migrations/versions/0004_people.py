# SPDX-License-Identifier: GPL-3.0-or-later
"""Several people: members, roles, invitations, e-mails, notifications; tokens of projects."""

import uuid
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _key(table: str, column: str, target: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete
    )


def _id(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.String(length=36), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _table(name: str, *parts: Any, changing: bool = True) -> None:
    changes = [_moment("updated_at")] if changing else []
    op.create_table(
        name,
        *parts,
        *changes,
        _id("id"),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def upgrade() -> None:
    _make_tables()
    _widen_tables()
    _make_members_of_the_users()


def _make_tables() -> None:
    _table(
        "emails",
        _id("user_id"),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        _key("emails", "user_id", "users"),
        sa.UniqueConstraint("address", name=op.f("uq_emails_address")),
        changing=False,
    )
    _table(
        "notifications",
        _id("user_id"),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("read", sa.Boolean(), nullable=False),
        _key("notifications", "user_id", "users"),
    )
    _table(
        "payment_methods",
        _id("organization_id"),
        sa.Column("name", sa.String(), nullable=False),
        _key("payment_methods", "organization_id", "organizations"),
    )
    for name, owner, target in (
        ("members", "organization_id", "organizations"),
        ("memberships", "project_id", "projects"),
    ):
        _table(
            name,
            _id(owner),
            _id("user_id"),
            sa.Column("roles", sa.JSON(), nullable=False),
            _key(name, owner, target),
            _key(name, "user_id", "users"),
            sa.UniqueConstraint(owner, "user_id", name=op.f(f"uq_{name}_{owner}")),
        )
        _index(name, owner, "user_id")
    _table(
        "invitations",
        _id("organization_id"),
        _id("user_id", nullable=True),
        sa.Column("invitee", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("project_ids", sa.JSON(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        _key("invitations", "organization_id", "organizations"),
        _key("invitations", "user_id", "users", "SET NULL"),
    )
    _table(
        "transfers",
        _id("project_id"),
        _id("organization_id"),
        _key("transfers", "project_id", "projects"),
        _key("transfers", "organization_id", "organizations"),
    )
    for name in ("emails", "notifications"):
        _index(name, "user_id")
    _index("payment_methods", "organization_id")
    _index("invitations", "organization_id", "invitee")
    _index("transfers", "project_id", "organization_id")


def _widen_tables() -> None:
    """The server's defaults fill what is there already.

    They stay: to drop one, SQLite makes the whole table anew, and dropping the old one would take all
    that refers to it along."""
    text, flag, json = sa.String(), sa.Boolean(), sa.JSON()
    added: dict[str, tuple[tuple[str, Any, Any], ...]] = {
        "users": (
            ("phone_number", text, ""),
            ("timezone", text, "Etc/UTC"),
            ("customdata", json, "{}"),
            ("two_factor_auth", text, ""),
            ("vpn", flag, sa.false()),
        ),
        "organizations": (
            *((name, text, "") for name in ("website", "twitter", "logo", "tax_id")),
            *((name, text, "") for name in ("main_phone", "billing_phone")),
            ("address", json, "{}"),
            ("billing_address", json, "{}"),
        ),
        "projects": (("tags", json, "[]"),),
        "ssh_keys": (("tags", json, "[]"),),
    }
    for table, columns in added.items():
        for name, kind, default in columns:
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("organizations", _moment("enforce_2fa_at", nullable=True))
    _widen_tokens_and_events()


def _widen_tokens_and_events() -> None:
    with op.batch_alter_table("tokens") as batch:
        batch.add_column(_id("project_id", nullable=True))
        batch.add_column(_moment("updated_at", nullable=True))
        batch.create_foreign_key(
            op.f("fk_tokens_project_id"), "projects", ["project_id"], ["id"], ondelete="CASCADE"
        )
    op.execute("UPDATE tokens SET updated_at = created_at")
    with op.batch_alter_table("tokens") as batch:
        batch.alter_column("updated_at", nullable=False)
    _index("tokens", "user_id", "project_id")
    for name in ("organization_id", "volume_id"):
        op.add_column("events", _id(name, nullable=True))
    _index("events", "organization_id", "volume_id")


def _make_members_of_the_users() -> None:
    """Until now every user reached everything, and had one address."""
    connection = op.get_bind()
    users = connection.execute(sa.text("SELECT id, email FROM users")).all()
    owners = (("members", "organization_id", "organizations"), ("memberships", "project_id", "projects"))
    for user_id, email in users:
        _insert("emails", user_id=user_id, address=email, verified=True)
        for table, column, target in owners:
            for (owner,) in connection.execute(sa.text(f"SELECT id FROM {target}")).all():  # noqa: S608
                _insert(table, user_id=user_id, roles=["owner"], updated_at=None, **{column: owner})


def _insert(table: str, **values: Any) -> None:
    """One row, with an id and the present time."""
    at = datetime.now(UTC)
    values |= {"id": str(uuid.uuid4()), "created_at": at}
    if "updated_at" in values:
        values["updated_at"] = at
    kinds: dict[str, sa.types.TypeEngine[Any]] = {
        "roles": sa.JSON(),
        "verified": sa.Boolean(),
        "created_at": sa.DateTime(timezone=True),
        "updated_at": sa.DateTime(timezone=True),
    }
    columns: list[sa.ColumnClause[Any]] = [sa.column(name, kinds.get(name, sa.String())) for name in values]
    op.bulk_insert(sa.table(table, *columns), [values])
