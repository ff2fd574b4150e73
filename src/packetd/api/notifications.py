# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user is to know."""

from __future__ import annotations

from typing import TypedDict

from packetd.api.calls import Call
from packetd.api.paging import paged
from packetd.api.routes import Listing, get, put
from packetd.api.users import user_link
from packetd.api.views import Document, Link
from packetd.model.moments import moment
from packetd.store.tables import Notification


class NotificationView(TypedDict):
    """Something to read once."""

    id: str
    type: str
    body: str
    severity: str
    read: bool
    context: str | None
    user: Link
    created_at: str | None
    updated_at: str | None
    href: str


def show_notification(call: Call, notification: Notification) -> NotificationView:
    return {
        "id": notification.id,
        "type": notification.type,
        "body": notification.body,
        "severity": "info",
        "read": notification.read,
        "context": None,
        "user": user_link(call, notification.user_id),
        "created_at": moment(notification.created_at),
        "updated_at": moment(notification.updated_at),
        "href": call.href(f"/notifications/{notification.id}"),
    }


def index(call: Call) -> Document:
    """The user's notifications, the latest first."""
    return paged(
        call,
        "notifications",
        call.visible(Notification).order_by(Notification.created_at.desc(), Notification.id),
        lambda rows: [show_notification(call, row) for row in rows],
    )


def show(call: Call) -> Document:
    """One notification."""
    return call.show(show_notification(call, call.get(Notification)))


def mark_as_read(call: Call) -> Document:
    """Mark a notification as read."""
    notification = call.get(Notification)
    notification.read = True
    call.session.flush()
    return call.show(show_notification(call, notification))


routes = [
    get("/notifications", index, gives=Listing("notifications", NotificationView)),
    get("/notifications/{id}", show, gives=NotificationView),
    put("/notifications/{id}", mark_as_read, gives=NotificationView),
]
