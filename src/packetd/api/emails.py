# SPDX-License-Identifier: GPL-3.0-or-later
"""E-mail addresses of the user.

packetd sends no mail, so an address that is added here stays unverified, and one that is changed stays
as it was: the real API too went on showing the old one until the new one was verified.
"""

from __future__ import annotations

import re
from typing import TypedDict

from sqlalchemy import select

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import flag, text
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.views import Document, Link
from packetd.store.tables import Email

ADDRESS = text("address", "The address", required=True, longest=254)
NEW_ADDRESS = text("address", "Another address; it would have to be verified first", longest=254)
DEFAULT = flag("default", "Whether it is the one that is shown")


class EmailView(TypedDict):
    """An address of a user."""

    id: str
    address: str
    default: bool
    verified: bool
    href: str


def email_link(call: Call, email: Email) -> Link:
    return Link(call.href(f"/emails/{email.id}"), lambda: show_email(call, email))


def show_email(call: Call, email: Email) -> EmailView:
    return {
        "id": email.id,
        "address": email.address,
        "default": email.address == call.user.email,
        "verified": email.verified,
        "href": call.href(f"/emails/{email.id}"),
    }


def index(call: Call) -> Document:
    """The user's addresses."""
    wanted = select(Email).where(Email.user_id == call.person().id).order_by(Email.created_at)
    return call.show_all("emails", [show_email(call, email) for email in call.session.scalars(wanted)])


def show(call: Call) -> Document:
    """One address."""
    return call.show(show_email(call, call.get(Email)))


def create(call: Call) -> Document:
    """Add an address."""
    user = call.person()
    email = Email(user_id=user.id, address=ADDRESS.read(call.body))
    default = DEFAULT.read(call.body)
    _check(call, email.address)
    call.session.add(email)
    call.session.flush()
    if default:
        user.email = email.address
    return call.show(show_email(call, email))


def update(call: Call) -> Document:
    """Make an address the default one."""
    email = call.get(Email)
    if (address := NEW_ADDRESS.read(call.body)) not in (None, email.address):
        _check(call, address or "")
    default = DEFAULT.read(call.body)
    call.body.check()
    if default:
        call.user.email = email.address
    return call.show(show_email(call, email))


def _check(call: Call, address: str) -> None:
    if address and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        call.body.wrong("address", f"{address!r} is not an e-mail address")
    elif call.session.scalars(select(Email).where(Email.address == address)).first() is not None:
        call.body.wrong("address", "has already been taken")
    call.body.check()


def remove(call: Call) -> None:
    """Remove an address; the default one stays."""
    email = call.get(Email)
    if email.address == call.user.email:
        raise InvalidError("Cannot delete the default email; make another one the default first")
    call.session.delete(email)


routes = [
    get("/emails", index, gives=Listing("emails", EmailView, paged=False)),
    post("/emails", create, takes=(ADDRESS, DEFAULT), gives=EmailView),
    get("/emails/{id}", show, gives=EmailView),
    put("/emails/{id}", update, takes=(NEW_ADDRESS, DEFAULT), gives=EmailView),
    delete("/emails/{id}", remove),
]
