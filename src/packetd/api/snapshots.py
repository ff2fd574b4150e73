# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of volumes, and the policies by which they are taken."""

from __future__ import annotations

from datetime import UTC, datetime

from packetd.api import volume_fields as fields
from packetd.api.calls import Call
from packetd.api.errors import InvalidError, NotFoundError
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.views import Document
from packetd.api.volume_views import PolicyView, SnapshotView, show_policy, show_snapshot, volume_of
from packetd.model.volumes import MOST_SNAPSHOTS, SnapshotStatus, VolumeState
from packetd.store.tables import Snapshot, SnapshotPolicy, Volume, now
from packetd.store.volumes import add_policy, add_snapshot, ask, in_use, schedule, trim


def snapshot_named(volume: Volume, field: str, name: str) -> Snapshot:
    """The snapshot of this timestamp or id; raises InvalidError that names the field."""
    for snapshot in present(volume):
        if name == snapshot.id or _moment(name) == snapshot.created_at:
            return snapshot
    raise InvalidError(
        f"{field} {name!r} is no snapshot of {volume.name}; /storage/{volume.id}/snapshots tells them"
    )


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def present(volume: Volume) -> list[Snapshot]:
    """The snapshots that its user knows of."""
    return [item for item in volume.snapshots if item.status is not SnapshotStatus.DELETING]


def of_volume(call: Call) -> Document:
    """The snapshots of a volume, the oldest first."""
    return call.show_all("snapshots", [show_snapshot(call, item) for item in present(volume_of(call))])


def create(call: Call) -> Document:
    """Take a snapshot of a volume."""
    volume = volume_of(call, VolumeState.ACTIVE)
    if len(present(volume)) >= MOST_SNAPSHOTS:
        raise InvalidError(f"Cannot take a snapshot: {volume.name} has {MOST_SNAPSHOTS}, delete one first")
    snapshot = add_snapshot(volume, now())
    call.session.flush()
    call.tell(volume, "volume.snapshot", f"A snapshot of {volume.name} was asked for")
    return call.show(show_snapshot(call, snapshot))


def remove(call: Call) -> None:
    """Delete a snapshot."""
    volume = volume_of(call, name="volume_id")
    snapshot = next((item for item in present(volume) if item.id == call.id), None)
    if snapshot is None:
        raise NotFoundError
    if in_use(call.session, snapshot):
        raise InvalidError("Cannot delete a snapshot while it is being restored or cloned")
    snapshot.status = SnapshotStatus.DELETING
    ask(volume, now())


def create_policy(call: Call) -> Document:
    """Have snapshots of a volume taken by the clock; what it takes may come in the query."""
    volume = volume_of(call)
    frequency, count = fields.FREQUENCY.read(call.arguments), fields.COUNT.read(call.arguments)
    call.arguments.check()
    policy = add_policy(volume, frequency or "", count, now())
    call.session.flush()
    return call.show(show_policy(call, policy))


def update_policy(call: Call) -> Document:
    """Change how often snapshots are taken, or how many are kept."""
    policy = call.get(SnapshotPolicy)
    if fields.FREQUENCY.given(call.arguments):
        schedule(policy, fields.FREQUENCY.read(call.arguments) or policy.frequency, now())
    if fields.COUNT.given(call.arguments):
        policy.count = fields.COUNT.read(call.arguments)
    call.arguments.check()
    trim(call.session, policy)
    return call.show(show_policy(call, policy))


def remove_policy(call: Call) -> None:
    """Have no more snapshots taken; those that are there stay."""
    call.session.delete(call.get(SnapshotPolicy))


_POLICY = (fields.FREQUENCY, fields.COUNT)
routes = [
    put("/storage/snapshot-policies/{id}", update_policy, takes=_POLICY, gives=PolicyView),
    delete("/storage/snapshot-policies/{id}", remove_policy),
    post("/storage/{id}/snapshot-policies", create_policy, takes=_POLICY, gives=PolicyView),
    get("/storage/{id}/snapshots", of_volume, gives=Listing("snapshots", SnapshotView, paged=False)),
    post("/storage/{id}/snapshots", create, gives=SnapshotView, status=202),
    delete("/storage/{volume_id}/snapshots/{id}", remove),
]
