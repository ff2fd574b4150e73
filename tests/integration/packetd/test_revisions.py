# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever changes what is shown of a device gives it a new revision, whoever wrote it, and however.

Renderings are kept under revisions (api/renderings.py), so one that is not changed shows what was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from in_process import InProcess
from postgresql_process import PASSWORD, PostgreSQL
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Enum,
    Executable,
    String,
    TableClause,
    and_,
    column,
    delete,
    select,
    table,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from packetd.api.access import Access
from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.device_views import show_device
from packetd.api.sent import Query
from packetd.store import Store
from packetd.store.tables import Device, HardwareReservation, Table, User, now
from packetd.store.tables.base import Moment

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9 me"
# Of a table: the others are like them.
_ROWS = 3
ORDER = {"plan": "c3.small.x86", "operating_system": "debian_12", "facility": "sv15"}


@pytest.fixture(params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InProcess]:
    url = f"sqlite:///{tmp_path}/packetd.sqlite"
    if request.param == "postgresql":
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        url = postgresql.database()
    made = InProcess(tmp_path, Store(url))
    yield made
    made.close()


@pytest.fixture
def project(site: InProcess) -> str:
    return str(site.call("GET", "/projects")[1]["projects"][0]["id"])


@pytest.fixture
def devices(site: InProcess, project: str) -> tuple[str, str]:
    """Two that are active: one with all that a device can have, and one with nothing but addresses."""
    site.make(f"/projects/{project}/ssh-keys", {"label": "key", "key": KEY})
    with site.store.write() as session:
        reservation = HardwareReservation(project_id=project, plan="c3.small.x86", facility="sv15")
        session.add(reservation)
        session.flush()
        reserved = {"hardware_reservation_id": reservation.id}
    rich = site.make(f"/projects/{project}/devices", {**ORDER, "hostname": "rich", **reserved})
    bare = site.make(f"/projects/{project}/devices", {**ORDER, "hostname": "bare", "no_ssh_keys": True})
    found = rich["id"], bare["id"]
    for device in found:
        site.step()
        site.provisioner.phone_home(device)
    block = site.make(f"/projects/{project}/ips", {"type": "public_ipv4", "quantity": 2, "metro": "sv"})
    site.make(f"/devices/{rich['id']}/ips", {"address": block["address"]})
    bond = site.call("GET", f"/devices/{rich['id']}")[1]["network_ports"][0]["id"]
    for _ in range(2):
        vlan = site.make(f"/projects/{project}/virtual-networks", {"metro": "sv"})
        site.make(f"/ports/{bond}/assign", {"vnid": vlan["id"]})
    site.make(f"/ports/{bond}/native-vlan", {"vnid": vlan["id"]})
    volume = site.make(f"/projects/{project}/storage", {"facility": "sv15", "plan": "storage_1", "size": 10})
    site.step()
    site.make(f"/storage/{volume['id']}/attachments", {"device_id": rich["id"]})
    assert {site.call("GET", f"/devices/{id_}")[1]["state"] for id_ in found} == {"active"}
    return found


class Shown:
    """What is shown of devices inside a transaction, and their revisions there."""

    def __init__(self, site: InProcess, session: Session, device_ids: tuple[str, ...]) -> None:
        self._session = session
        user = session.scalars(select(User)).one()
        self._call = {
            "context": site.context,
            "session": session,
            "user": user,
            "access": Access(user.id, None),
            "writes": False,
            "prefix": "",
            "url": "",
            "path": {},
            "query": Query(QueryParams(), frozenset({"include", "exclude"})),
            "body": Body({}),
            "declared": frozenset[str](),
            "client": None,
        }
        self._ids = device_ids

    def now(self) -> dict[str, tuple[bytes, str]]:
        """By device."""
        self._session.expire_all()
        return {id_: self._look(id_) for id_ in self._ids}

    def _look(self, device_id: str) -> tuple[bytes, str]:
        revision = self._session.scalar(select(Device.revision).where(Device.id == device_id))
        try:
            call = Call(**self._call)
            shown = msgspec.json.encode(
                call.show(show_device(call, self._session.get_one(Device, device_id)))
            )
        except Exception as error:
            # What cannot be shown any more has changed, too.
            shown = repr(error).encode()
        return shown, revision or ""


def plain(known: Any) -> TableClause:
    """A table without what SQLAlchemy adds to statements by itself, such as a new updated_at."""
    return table(known.name, *(column(item.name, item.type) for item in known.columns))


def another(session: Session, item: Column[Any], value: Any) -> Any:
    """A value that a row does not have yet; the same again where there is no other."""
    if item.foreign_keys:
        (key,) = item.foreign_keys
        others = session.scalars(select(key.column).where(key.column != value)).all()
        return others[0] if others else None if item.nullable else value
    if isinstance(item.type, Enum):
        return next(word for word in item.type.python_type if word != value)
    if isinstance(item.type, Moment):
        return (value or now()) + timedelta(days=1)
    if isinstance(item.type, JSON):
        return ["other"] if isinstance(value, list) else {"other": 1}
    if isinstance(item.type, Boolean):
        return not value
    if isinstance(item.type, String):
        # No longer than it is, as some are as long as they may be.
        return (value or " ")[:-1] + ("1" if (value or "").endswith("0") else "0")
    return (value or 0) + 1


def changes(session: Session) -> Iterator[tuple[str, Executable]]:
    """Statements that change one column of one row, or remove a row, and what to call them."""
    for known in Table.metadata.sorted_tables:
        there = plain(known)
        for row in session.execute(select(there).limit(_ROWS)).mappings().all():
            here = and_(*(there.c[key.name] == row[key.name] for key in known.primary_key))
            yield f"delete {known.name}", delete(there).where(here)
            for item in known.columns:
                if not item.primary_key and item.name != "revision":
                    value = another(session, item, row[item.name])
                    yield (
                        f"update {known.name}.{item.name}",
                        update(there).where(here).values({item.name: value}),
                    )


def outcome(session: Session, statement: Executable, shown: Shown) -> dict[str, tuple[bytes, str]] | None:
    """What devices are shown as after a statement, which is taken back; None for one that is refused."""
    with session.begin_nested() as attempt:
        try:
            session.execute(statement)
            return shown.now()
        except IntegrityError:
            return None
        finally:
            attempt.rollback()


def test_no_statement_escapes(site: InProcess, devices: tuple[str, str]) -> None:
    changed, stale = set(), set()
    with site.store.write() as session:
        shown = Shown(site, session, devices)
        before = shown.now()
        assert all(document.startswith(b"{") for document, _ in before.values()), before
        for name, statement in changes(session):
            for device, (document, revision) in (outcome(session, statement, shown) or {}).items():
                if document != before[device][0]:
                    changed.add(name)
                    if revision == before[device][1]:
                        stale.add(name)
    assert sorted(stale) == []
    # It is not for want of changes.
    assert {"update devices.tags", "delete ip_assignments", "update users.first_name"} < changed
    assert len(changed) > 50
