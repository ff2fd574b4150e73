# SPDX-License-Identifier: GPL-3.0-or-later
"""The user whose token is used."""

from __future__ import annotations

from packetd.api.calls import Call, get, put
from packetd.api.views import Document, Link
from packetd.model.moments import moment
from packetd.store.tables import User


def user_link(call: Call, user_id: str | None) -> Link | dict[str, str]:
    if user_id is None:
        return {}
    return Link(call.href(f"/users/{user_id}"), lambda: show_user(call, call.get(User, user_id)))


def show_user(call: Call, user: User) -> Document:
    return {
        "id": user.id,
        "short_id": user.id[:8],
        "first_name": user.first_name,
        "last_name": user.last_name,
        "full_name": f"{user.first_name} {user.last_name}".strip(),
        "email": user.email,
        "emails": [],
        "social_accounts": {},
        "two_factor_auth": "",
        "avatar_url": "",
        "avatar_thumb_url": "",
        "timezone": "Etc/UTC",
        "customdata": {},
        "opt_in": False,
        "max_projects": 0,
        "max_organizations": 0,
        "verification_stage": "verified",
        "restricted": False,
        "phone_number": "",
        "default_organization_id": None,
        "default_project_id": None,
        "last_login_at": None,
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
        "href": call.href(f"/users/{user.id}"),
    }


def current(call: Call) -> Document:
    return call.show(show_user(call, call.user))


def show(call: Call) -> Document:
    return call.show(show_user(call, call.get(User)))


def update(call: Call) -> Document:
    for field in ("first_name", "last_name"):
        if field in call.body:
            setattr(call.user, field, call.body.text(field, longest=80) or "")
    call.body.check()
    call.session.flush()
    return call.show(show_user(call, call.user))


routes = [get("/user", current), put("/user", update), get("/users/{id}", show)]
