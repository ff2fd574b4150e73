# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH keys of the user, and of projects."""

from __future__ import annotations

from sqlalchemy import select

from packetd.api.body import Body
from packetd.api.calls import Answer, Call, delete, get, post, put
from packetd.api.views import Document, Link
from packetd.model import ssh_keys
from packetd.model.moments import moment
from packetd.store.tables import Device, Project, SSHKey


def ssh_key_link(call: Call, key: SSHKey) -> Link:
    return Link(call.href(f"/ssh-keys/{key.id}"), lambda: show_ssh_key(call, key))


def show_ssh_key(call: Call, key: SSHKey) -> Document:
    owner = f"/projects/{key.project_id}" if key.project_id else f"/users/{key.user_id}"
    return {
        "id": key.id,
        "label": key.label,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "tags": [],
        "entity": {"href": call.href(owner)},
        "owner": {"href": call.href(owner)},
        "created_at": moment(key.created_at),
        "updated_at": moment(key.updated_at),
        "href": call.href(f"/ssh-keys/{key.id}"),
    }


def index(call: Call) -> Document:
    """The user's own; those of projects are found under the project."""
    keys = select(SSHKey).where(SSHKey.user_id == call.user.id)
    return _list(call, list(call.session.scalars(keys.order_by(SSHKey.created_at))))


def of_project(call: Call) -> Document:
    keys = select(SSHKey).where(SSHKey.project_id == call.get(Project).id)
    if label := call.query.get("query") or call.query.get("search[string]"):
        keys = keys.where(SSHKey.label.contains(label, autoescape=True))
    return _list(call, list(call.session.scalars(keys.order_by(SSHKey.created_at))))


def of_device(call: Call) -> Document:
    return _list(call, call.get(Device).ssh_keys)


def _list(call: Call, keys: list[SSHKey]) -> Document:
    """All of them: no client pages through keys."""
    return call.show_all("ssh_keys", [show_ssh_key(call, key) for key in keys])


def create(call: Call) -> Answer:
    return _create(call, SSHKey(user_id=call.user.id))


def create_in_project(call: Call) -> Answer:
    return _create(call, SSHKey(project_id=call.get(Project).id))


def _create(call: Call, key: SSHKey) -> Answer:
    key.label = call.body.text("label", required=True, longest=255) or ""
    _set_key(call.body, key)
    call.body.check()
    call.session.add(key)
    call.session.flush()
    return Answer(201, call.show(show_ssh_key(call, key)))


def _set_key(body: Body, key: SSHKey) -> None:
    """Kept byte for byte, as clients compare it with what they sent."""
    text = body.text("key", required=True)
    if text is None:
        return
    try:
        key.fingerprint = ssh_keys.fingerprint(text)
    except ValueError as error:
        body.wrong("key", str(error))
    key.key = text


def show(call: Call) -> Document:
    return call.show(show_ssh_key(call, call.get(SSHKey)))


def update(call: Call) -> Document:
    key = call.get(SSHKey)
    if "label" in call.body:
        key.label = call.body.text("label", required=True, longest=255) or key.label
    if "key" in call.body:
        _set_key(call.body, key)
    call.body.check()
    call.session.flush()
    return call.show(show_ssh_key(call, key))


def remove(call: Call) -> Answer:
    call.session.delete(call.get(SSHKey))
    return Answer(204)


routes = [
    get("/ssh-keys", index),
    post("/ssh-keys", create),
    get("/ssh-keys/{id}", show),
    put("/ssh-keys/{id}", update),
    delete("/ssh-keys/{id}", remove),
    get("/projects/{id}/ssh-keys", of_project),
    post("/projects/{id}/ssh-keys", create_in_project),
    get("/devices/{id}/ssh-keys", of_device),
]
