# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands besides `serve` print; they read the database, so they need no token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from packetd.model.moments import moment
from packetd.model.roles import Role
from packetd.ownership import ServerError
from packetd.printing import print_json, print_rows
from packetd.settings import Serving, State
from packetd.store import Store
from packetd.store.accounts import add_member, add_organization, add_token, add_user
from packetd.store.location import open_store
from packetd.store.tables import Device, Email, Organization, Project, Reservation, Token, User


@contextmanager
def opened(state: State) -> Iterator[Store]:
    """The database of a state, for a command; raises ServerError where there is none."""
    store = open_store(state)
    try:
        yield store
    finally:
        store.close()


def print_status(state: State, server: Serving, *, as_json: bool) -> None:
    with opened(state) as store, store.read() as session:
        states = Counter(str(name) for name in session.scalars(select(Device.state)))
        counts = {
            "projects": session.scalar(select(func.count()).select_from(Project)),
            "reservations": session.scalar(select(func.count()).select_from(Reservation)),
        }
    document = {**msgspec.to_builtins(server), **counts, "devices": dict(states)}
    if as_json:
        print_json(document)
        return
    shown = ", ".join(f"{count} {name}" for name, count in sorted(states.items())) or "none"
    print(f"api\t{server.api}")
    if server.network is not None and server.network.api is not None:
        print(f"api for devices\t{server.network.api}")
    print(f"proxy\t{server.proxy}\ndriver\t{server.driver}\npid\t{server.pid}")
    print(f"projects\t{counts['projects']}\nreservations\t{counts['reservations']}\ndevices\t{shown}")


_DEVICE_COLUMNS = ("id", "hostname", "state", "plan", "operating_system", "metro", "public", "private")


def print_devices(state: State, *, as_json: bool) -> None:
    wanted = select(Device).options(selectinload(Device.addresses)).order_by(Device.created_at, Device.id)
    with opened(state) as store, store.read() as session:
        rows = [_device(device) for device in session.scalars(wanted)]
    print_rows(rows, _DEVICE_COLUMNS, as_json)


def _device(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "hostname": device.hostname,
        "state": device.state,
        "plan": device.plan,
        "operating_system": device.operating_system,
        "metro": device.metro,
        "facility": device.facility,
        "public": next((item.address for item in device.addresses if item.public), ""),
        "private": next((item.address for item in device.addresses if not item.public), ""),
        "project": device.project_id,
        "tags": device.tags,
    }


def create_user(state: State, email: str, name: str, organization: str | None) -> None:
    """Print the id of a new user. They own the organization of this name, which is made if need be, or
    without one nothing, until somebody invites them."""
    first, _, last = name.partition(" ")
    with opened(state) as store, store.write() as session:
        if session.scalars(select(Email).where(Email.address == email)).first() is not None:
            raise ServerError(f"the e-mail address {email} belongs to another user; see: packetd user list")
        user = add_user(session, first, last, email)
        if organization is not None:
            known = session.scalars(select(Organization).where(Organization.name == organization)).first()
            if known is None:
                add_organization(session, Organization(name=organization), user)
            else:
                add_member(session, known.id, user.id, [Role.OWNER])
        print(user.id)


def print_users(state: State, *, as_json: bool) -> None:
    with opened(state) as store, store.read() as session:
        rows = [
            {"id": user.id, "email": user.email, "name": f"{user.first_name} {user.last_name}".strip()}
            for user in session.scalars(select(User).order_by(User.created_at))
        ]
    print_rows(rows, ("id", "email", "name"), as_json)


def create_token(
    state: State, description: str, *, read_only: bool, user: str | None, project: str | None
) -> None:
    """Print a new token of a user (given by id or address, else the first), or of a project alone."""
    with opened(state) as store, store.write() as session:
        owner = _find_user(session, user)
        place = None if project is None else session.get(Project, project)
        if project is not None and place is None:
            raise ServerError(f"there is no project {project!r}")
        _, text = add_token(session, owner, description, read_only=read_only, project=place)
    print(text)


def _find_user(session: Session, text: str | None) -> User:
    wanted = select(User).order_by(User.created_at)
    if text is not None:
        wanted = wanted.join(Email).where(or_(User.id == text, Email.address == text))
    user = session.scalars(wanted).first()
    if user is None:
        raise ServerError(f"there is no user {text!r}; see: packetd user list")
    return user


def print_tokens(state: State, *, as_json: bool) -> None:
    with opened(state) as store, store.read() as session:
        rows = [
            {
                "id": token.id,
                "description": token.description,
                "read_only": token.read_only,
                "user": token.user_id,
                "project": token.project_id or "",
                "created_at": moment(token.created_at),
            }
            for token in session.scalars(select(Token).order_by(Token.created_at))
        ]
    print_rows(rows, ("id", "description", "read_only", "created_at", "user", "project"), as_json)


def revoke_token(state: State, token_id: str) -> None:
    with opened(state) as store, store.write() as session:
        token = session.get(Token, token_id)
        if token is None:
            raise ServerError(f"there is no token {token_id!r}; see: packetd token list")
        session.delete(token)
