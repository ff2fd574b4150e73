# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tables are made of. Identifiers are UUIDs as text; moments are aware and in UTC."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Dialect, Enum, MetaData, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from packetd.model.lifecycle import Goal, State
from packetd.model.volumes import SnapshotStatus, VolumeState


class Moment(TypeDecorator[datetime]):
    """A point in time; SQLite forgets the zone, and PostgreSQL answers in the zone of the session."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _words(kind: type[StrEnum]) -> Enum:
    """Kept as the words themselves, so that new ones need no migration."""
    return Enum(
        kind, native_enum=False, length=20, values_callable=lambda all_: [word.value for word in all_]
    )


def new_id() -> str:
    """A version-4 UUID: older clients refuse any other version."""
    return str(uuid.uuid4())


def now() -> datetime:
    return datetime.now(UTC)


class Table(DeclarativeBase):
    """Base of all tables. Constraints are named so that migrations can change them anywhere."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        State: _words(State),
        Goal: _words(Goal),
        VolumeState: _words(VolumeState),
        SnapshotStatus: _words(SnapshotStatus),
    }


class Setting(Table):
    """What this state was made with, e.g. which driver its machines belong to."""

    __tablename__ = "settings"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Thing:
    """What every object of the API has."""

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Changing(Thing):
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
