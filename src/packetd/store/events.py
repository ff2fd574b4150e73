# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of people, organizations and projects; those of devices are told in store.devices."""

from __future__ import annotations

from sqlalchemy.orm import Session

from packetd.store.tables import Event, Organization, Project, User


def tell(
    session: Session,
    type_: str,
    body: str,
    *,
    by: User,
    of: Organization | Project | None = None,
    ip: str | None = None,
) -> None:
    """Add an event to the history of an organization, a project, or else of the user alone."""
    session.add(
        Event(
            type=type_,
            body=body,
            organization_id=of.id if isinstance(of, Organization) else None,
            project_id=of.id if isinstance(of, Project) else None,
            user_id=by.id,
            ip=ip,
        )
    )
