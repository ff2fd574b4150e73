# SPDX-License-Identifier: GPL-3.0-or-later
"""The user whose token is used, and those they share an organization with."""

from __future__ import annotations

from typing import Any, TypedDict

from sqlalchemy import or_, select

from packetd.api.calls import Call
from packetd.api.emails import email_link
from packetd.api.fields import CUSTOMDATA, blank_text
from packetd.api.paging import paged
from packetd.api.routes import Listing, get, put
from packetd.api.views import CustomDataView, Document, Link
from packetd.model.moments import moment
from packetd.model.roles import Right
from packetd.store.tables import Email, Member, User

FIRST_NAME = blank_text("first_name", "First name", longest=80)
LAST_NAME = blank_text("last_name", "Last name", longest=80)
PHONE = blank_text("phone_number", "Telephone number; kept, and never called", longest=80)
TIMEZONE = blank_text("timezone", "Where their clock goes, for example Europe/Berlin; kept only", longest=80)
_CHANGEABLE = {
    "first_name": FIRST_NAME,
    "last_name": LAST_NAME,
    "phone_number": PHONE,
    "timezone": TIMEZONE,
    "customdata": CUSTOMDATA,
}


class UserView(TypedDict):
    """A person. Those who only share an organization see neither addresses nor settings."""

    id: str
    short_id: str
    first_name: str
    last_name: str
    full_name: str
    email: str
    emails: list[Link]
    social_accounts: dict[str, str]
    two_factor_auth: str
    avatar_url: str
    avatar_thumb_url: str
    timezone: str
    customdata: dict[str, Any]
    opt_in: bool
    max_projects: int | None
    max_organizations: int | None
    verification_stage: str
    restricted: bool
    phone_number: str
    vpn: bool
    default_organization_id: str | None
    default_project_id: str | None
    last_login_at: str | None
    created_at: str | None
    updated_at: str | None
    href: str


def user_link(call: Call, user_id: str) -> Link:
    return Link(call.href(f"/users/{user_id}"), lambda: show_user(call, call.get(User, user_id, Right.READ)))


class UserLite(TypedDict):
    """Who somebody is, as everybody may know who sees what they made."""

    id: str
    short_id: str
    full_name: str
    href: str


def show_maker(call: Call, user_id: str | None) -> UserLite | None:
    """Who made a thing: strict clients want an id here, where a reference is none."""
    user = call.session.get(User, user_id) if user_id else None
    if user is None:
        return None
    return {
        "id": user.id,
        "short_id": user.id[:8],
        "full_name": f"{user.first_name} {user.last_name}".strip(),
        "href": call.href(f"/users/{user.id}"),
    }


def maker_link(call: Call, user_id: str | None) -> Link | None:
    """Who made a thing, if they are still known."""
    return None if user_id is None else user_link(call, user_id)


def show_user(call: Call, user: User) -> UserView:
    own = call.is_person(user)
    return {
        "id": user.id,
        "short_id": user.id[:8],
        "first_name": user.first_name,
        "last_name": user.last_name,
        "full_name": f"{user.first_name} {user.last_name}".strip(),
        "email": user.email,
        "emails": [email_link(call, email) for email in _emails(call, user)] if own else [],
        "social_accounts": {},
        "two_factor_auth": user.two_factor_auth if own else "",
        "avatar_url": "",
        "avatar_thumb_url": "",
        "timezone": user.timezone,
        "customdata": user.customdata if own else {},
        "opt_in": False,
        "max_projects": None,
        "max_organizations": None,
        "verification_stage": "verified",
        "restricted": False,
        "phone_number": user.phone_number if own else "",
        "vpn": user.vpn and own,
        "default_organization_id": default_organization_id(call, user) if own else None,
        "default_project_id": None,
        "last_login_at": None,
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
        "href": call.href(f"/users/{user.id}"),
    }


def _emails(call: Call, user: User) -> list[Email]:
    wanted = select(Email).where(Email.user_id == user.id)
    return list(call.session.scalars(wanted.order_by(Email.created_at)))


def default_organization_id(call: Call, user: User) -> str | None:
    """The organization that they have belonged to for longest."""
    wanted = select(Member.organization_id).where(Member.user_id == user.id)
    return call.session.scalars(wanted.order_by(Member.created_at).limit(1)).first()


def index(call: Call) -> Document:
    """The user, and those they share an organization with."""
    wanted = call.visible(User)
    if sought := call.query.get("search"):
        columns = (User.first_name, User.last_name, User.email)
        wanted = wanted.where(or_(*(column.contains(sought, autoescape=True) for column in columns)))
    return paged(
        call,
        "users",
        wanted.order_by(User.created_at, User.id),
        lambda rows: [show_user(call, row) for row in rows],
    )


def current(call: Call) -> Document:
    """The user whose token this is."""
    return call.show(show_user(call, call.person()))


def show(call: Call) -> Document:
    """One user."""
    return call.show(show_user(call, call.get(User)))


def update(call: Call) -> Document:
    """Change the user whose token this is."""
    user = call.person()
    call.change(user, _CHANGEABLE)
    return call.show(show_user(call, user))


def customdata(call: Call) -> Document:
    """What the user keeps."""
    if not call.is_person(call.get(User)):
        call.found(None)
    return call.user.customdata


routes = [
    get("/user", current, gives=UserView),
    put("/user", update, takes=_CHANGEABLE.values(), gives=UserView),
    get("/users", index, gives=Listing("users", UserView), asks={"search": "Part of a name or address"}),
    get("/users/{id}", show, gives=UserView),
    get("/users/{id}/customdata", customdata, gives=CustomDataView),
]
