# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened: to devices, volumes, projects and organizations, and to people."""

from __future__ import annotations

from sqlalchemy.orm import Session

from packetd.store.tables import Device, Event, Organization, Project, User, Volume

Subject = Device | Volume | Project | Organization


def tell(
    session: Session,
    of: Subject | None,
    type_: str,
    body: str,
    *,
    by: User | None = None,
    ip: str | None = None,
) -> None:
    """Add an event to the history of a thing, or of None to that of the user alone.

    ``by`` is who did it, from the address ``ip``; None for what happens by itself.
    """
    event = Event(type=type_, body=body, user_id=by.id if by else None, ip=ip)
    match of:
        case Device():
            event.device_id, event.project_id = of.id, of.project_id
        case Volume():
            event.volume_id, event.project_id = of.id, of.project_id
        case Project():
            event.project_id = of.id
        case Organization():
            event.organization_id = of.id
    session.add(event)
