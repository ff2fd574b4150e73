# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands besides `serve` print; they read the database, so they need no token."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from packetd import accounts
from packetd.model.moments import moment
from packetd.ownership import ServerError
from packetd.settings import Serving, State
from packetd.store import Store, open_sqlite
from packetd.store.tables import Device, Project, Reservation, Token


@contextmanager
def _store(state: State) -> Iterator[Store]:
    if not state.database.exists():
        raise ServerError(f"{state.directory} is no state of packetd: it has no {state.database.name}")
    store = open_sqlite(state.database)
    try:
        yield store
    finally:
        store.close()


def print_status(state: State, server: Serving, *, as_json: bool) -> None:
    with _store(state) as store, store.read() as session:
        states = Counter(str(name) for name in session.scalars(select(Device.state)))
        counts = {
            "projects": session.scalar(select(func.count()).select_from(Project)),
            "reservations": session.scalar(select(func.count()).select_from(Reservation)),
        }
    document = {**msgspec.to_builtins(server), **counts, "devices": dict(states)}
    if as_json:
        _print_json(document)
        return
    shown = ", ".join(f"{count} {name}" for name, count in sorted(states.items())) or "none"
    print(f"api\t{server.api}\nproxy\t{server.proxy}\ndriver\t{server.driver}\npid\t{server.pid}")
    print(f"projects\t{counts['projects']}\nreservations\t{counts['reservations']}\ndevices\t{shown}")


_DEVICE_COLUMNS = ("id", "hostname", "state", "plan", "operating_system", "metro", "public", "private")


def print_devices(state: State, *, as_json: bool) -> None:
    wanted = select(Device).options(selectinload(Device.addresses)).order_by(Device.created_at, Device.id)
    with _store(state) as store, store.read() as session:
        rows = [_device(device) for device in session.scalars(wanted)]
    _print_rows(rows, _DEVICE_COLUMNS, as_json)


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


def create_token(state: State, description: str, *, read_only: bool) -> None:
    with _store(state) as store, store.write() as session:
        text = accounts.create_token(session, description, read_only=read_only)
    print(text)


def print_tokens(state: State, *, as_json: bool) -> None:
    with _store(state) as store, store.read() as session:
        rows = [
            {
                "id": token.id,
                "description": token.description,
                "read_only": token.read_only,
                "created_at": moment(token.created_at),
            }
            for token in session.scalars(select(Token).order_by(Token.created_at))
        ]
    _print_rows(rows, ("id", "description", "read_only", "created_at"), as_json)


def revoke_token(state: State, token_id: str) -> None:
    with _store(state) as store, store.write() as session:
        token = session.get(Token, token_id)
        if token is None:
            raise ServerError(f"there is no token {token_id!r}; see: packetd token list")
        session.delete(token)


def _print_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        print("\t".join(str(row[column]) for column in columns))


def _print_json(document: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
