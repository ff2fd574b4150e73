# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH keys of the user, and of projects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from sqlalchemy import Select, or_, select

from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.fields import TAGS, Field, text
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.views import Document, Link, Reference
from packetd.model import ssh_keys
from packetd.model.moments import moment
from packetd.store.tables import Device, Project, SSHKey

# Clients are divided over the name.
_ASKS = {
    "search": "Part of the label, key or fingerprint",
    "query": "The same",
    "search[string]": "The same",
}

LABEL = text("label", "What people call it", required=True, longest=255)


def _read_key(body: Body) -> str:
    """Kept byte for byte, as clients compare it with what they sent."""
    key = body.text("key", required=True) or ""
    if key:
        try:
            ssh_keys.fingerprint(key)
        except ValueError as error:
            body.wrong("key", str(error))
    return key


KEY = Field("key", "The public key, as a line of authorized_keys", {"type": "string"}, _read_key, True)
_CHANGEABLE = {"label": LABEL, "key": KEY, "tags": TAGS}


class SSHKeyView(TypedDict):
    """A public key."""

    id: str
    label: str
    key: str
    fingerprint: str
    tags: list[str]
    entity: Reference
    owner: Reference
    created_at: str | None
    updated_at: str | None
    href: str


def ssh_key_link(call: Call, key: SSHKey) -> Link:
    return Link(call.href(f"/ssh-keys/{key.id}"), lambda: show_ssh_key(call, key))


def show_ssh_key(call: Call, key: SSHKey) -> SSHKeyView:
    owner = f"/projects/{key.project_id}" if key.project_id else f"/users/{key.user_id}"
    return {
        "id": key.id,
        "label": key.label,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "tags": key.tags,
        "entity": {"href": call.href(owner)},
        "owner": {"href": call.href(owner)},
        "created_at": moment(key.created_at),
        "updated_at": moment(key.updated_at),
        "href": call.href(f"/ssh-keys/{key.id}"),
    }


def index(call: Call) -> Document:
    """The user's own keys; those of projects are found under the project."""
    return _found(call, call.visible(SSHKey).where(SSHKey.project_id.is_(None)))


def of_project(call: Call) -> Document:
    """The keys of a project."""
    return _found(call, select(SSHKey).where(SSHKey.project_id == call.get(Project).id))


def of_device(call: Call) -> Document:
    """The keys that a device was made with."""
    return _list(call, call.get(Device).ssh_keys)


def _found(call: Call, keys: Select[SSHKey]) -> Document:
    asked = (call.query.get(name) for name in _ASKS)
    if sought := next((value for value in asked if value), None):
        keys = keys.where(
            or_(
                *(c.contains(sought, autoescape=True) for c in (SSHKey.label, SSHKey.key, SSHKey.fingerprint))
            )
        )
    return _list(call, call.session.scalars(keys.order_by(SSHKey.created_at, SSHKey.id)))


def _list(call: Call, keys: Iterable[SSHKey]) -> Document:
    """All of them: no client pages through keys."""
    return call.show_all("ssh_keys", [show_ssh_key(call, key) for key in keys])


def create(call: Call) -> Document:
    """Add a key of the user."""
    return _create(call, SSHKey(user_id=call.person().id))


def create_in_project(call: Call) -> Document:
    """Add a key of a project."""
    return _create(call, SSHKey(project_id=call.get(Project).id))


def _create(call: Call, key: SSHKey) -> Document:
    key.label = LABEL.read(call.body)
    key.key = KEY.read(call.body)
    key.tags = TAGS.read(call.body)
    call.body.check()
    key.fingerprint = ssh_keys.fingerprint(key.key)
    call.session.add(key)
    call.session.flush()
    return call.show(show_ssh_key(call, key))


def show(call: Call) -> Document:
    """One key."""
    return call.show(show_ssh_key(call, call.get(SSHKey)))


def update(call: Call) -> Document:
    """Change a key; devices that have it already keep it as it was."""
    key = call.get(SSHKey)
    call.change(key, _CHANGEABLE)
    key.fingerprint = ssh_keys.fingerprint(key.key)
    call.session.flush()
    return call.show(show_ssh_key(call, key))


def remove(call: Call) -> None:
    """Remove a key."""
    call.session.delete(call.get(SSHKey))


_FIELDS = _CHANGEABLE.values()
_LISTING = Listing("ssh_keys", SSHKeyView, paged=False)
_ASKS = {
    "search": "Part of the label, key or fingerprint",
    "query": "The same",
    "search[string]": "The same",
}
routes = [
    get("/ssh-keys", index, gives=_LISTING, asks=_ASKS),
    post("/ssh-keys", create, takes=_FIELDS, gives=SSHKeyView),
    get("/ssh-keys/{id}", show, gives=SSHKeyView),
    put("/ssh-keys/{id}", update, takes=_FIELDS, gives=SSHKeyView),
    delete("/ssh-keys/{id}", remove),
    get("/projects/{id}/ssh-keys", of_project, gives=_LISTING, asks=_ASKS),
    post("/projects/{id}/ssh-keys", create_in_project, takes=_FIELDS, gives=SSHKeyView),
    get("/devices/{id}/ssh-keys", of_device, gives=_LISTING),
]
