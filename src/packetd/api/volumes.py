# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: storage in a network, after the contract of 2021."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from packetd.api import volume_fields as fields
from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import CUSTOMDATA
from packetd.api.paging import paged
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.snapshots import snapshot_named
from packetd.api.views import CustomDataView, Document
from packetd.api.volume_views import VolumeView, show_volume, volume_of
from packetd.model.catalogue import find
from packetd.model.volumes import VolumeState
from packetd.store.tables import Project, Volume, now
from packetd.store.volumes import add_policy, ask, is_cloned

_CHANGEABLE = {
    "description": fields.DESCRIPTION,
    "locked": fields.LOCKED,
    "billing_cycle": fields.BILLING_CYCLE,
    "customdata": CUSTOMDATA,
}


def of_project(call: Call) -> Document:
    """The volumes of a project."""
    wanted = select(Volume).where(
        Volume.project_id == call.get(Project).id, Volume.state != VolumeState.DEPROVISIONING
    )
    return paged(
        call,
        "volumes",
        wanted.options(selectinload(Volume.attachments), selectinload(Volume.policies)).order_by(
            Volume.created_at, Volume.id
        ),
        lambda rows: [show_volume(call, row) for row in rows],
    )


def create(call: Call) -> Document:
    """Make a volume."""
    project = call.get(Project)
    volume = Volume(
        project_id=project.id,
        plan=_plan(call),
        facility=_facility(call),
        size=fields.SIZE.read(call.body),
        **{attribute: field.read(call.body) for attribute, field in _CHANGEABLE.items()},
    )
    policies = [
        (fields.FREQUENCY.read(policy) or "", fields.COUNT.read(policy), policy)
        for policy in fields.POLICIES.read(call.body)
    ]
    call.body.check()
    for frequency, count, body in policies:
        body.check()
        add_policy(volume, frequency, count, now())
    return _add(call, volume)


def _plan(call: Call) -> str:
    """The slug of the plan that is asked for; notes on the body when there is no such plan."""
    name = fields.PLAN.read(call.body) or fields.PLAN_ID.read(call.body)
    plans = {plan.slug: plan for plan in call.context.catalogue.plans.values() if plan.line == "storage"}
    plan = find(plans, name or "")
    if plan is None:
        call.body.wrong(
            "plan", f"{name!r} is not valid; allowed are {', '.join(plans)}" if name else "can't be blank"
        )
        return ""
    return plan.slug


def _facility(call: Call) -> str:
    """The code of the facility that is asked for; notes on the body when no volume can be there."""
    name = fields.FACILITY.read(call.body) or fields.FACILITY_ID.read(call.body)
    facility = find(call.context.catalogue.facilities, name or "")
    if facility is None:
        call.body.wrong("facility", f"{name!r} is no facility" if name else "can't be blank")
        return ""
    if call.context.driver.block_storage is None:
        call.body.wrong(
            "facility",
            f"{name!r} has no block storage: the driver {call.context.driver.name} makes no volumes",
        )
    return facility.code


def _add(call: Call, volume: Volume) -> Document:
    call.session.add(volume)
    call.session.flush()
    ask(volume, now())
    call.tell(volume, "volume.created", f"{volume.name} of {volume.size} GiB was asked for")
    return call.show(show_volume(call, volume))


def show(call: Call) -> Document:
    """One volume."""
    return call.show(show_volume(call, volume_of(call)))


def customdata(call: Call) -> Document:
    """What the user keeps with a volume."""
    return volume_of(call).customdata


def update(call: Call) -> Document:
    """Change a volume, or let it grow."""
    volume = volume_of(call)
    if fields.PLAN.read(call.body) or fields.PLAN_ID.read(call.body):
        volume.plan = _plan(call) or volume.plan
    if fields.SIZE.given(call.body):
        _grow(call, volume)
    call.change(volume, _CHANGEABLE)
    return call.show(show_volume(call, volume))


def _grow(call: Call, volume: Volume) -> None:
    size = fields.SIZE.read(call.body)
    if size < volume.size:
        call.body.wrong("size", f"{size} is smaller than the present {volume.size}: volumes only grow")
    elif size > volume.size:
        volume.size = size
        ask(volume, now())


def remove(call: Call) -> None:
    """Delete a volume and its snapshots."""
    volume = volume_of(call)
    if volume.locked:
        raise InvalidError("Cannot delete a locked item")
    if volume.attachments:
        raise InvalidError(
            f"Cannot delete a volume that is attached to {volume.attachments[0].device.hostname}"
        )
    if is_cloned(call.session, volume):
        raise InvalidError("Cannot delete a volume while it is being cloned")
    volume.state = VolumeState.DEPROVISIONING
    volume.policies.clear()
    ask(volume, now())
    call.tell(volume, "volume.deleted", f"{volume.name} was deleted")


def clone(call: Call) -> Document:
    """Make a volume with what is on another one, now or at a snapshot."""
    volume = volume_of(call, VolumeState.ACTIVE)
    wanted = fields.SNAPSHOT.read(call.body)
    call.body.check()
    snapshot = snapshot_named(volume, "snapshot_timestamp", wanted) if wanted else None
    copy = Volume(
        project_id=volume.project_id,
        description=volume.description,
        plan=volume.plan,
        facility=volume.facility,
        size=volume.size,
        billing_cycle=volume.billing_cycle,
        customdata=volume.customdata,
        source_volume_id=volume.id,
        source_snapshot_id=snapshot.id if snapshot else None,
    )
    return _add(call, copy)


def restore(call: Call) -> Document:
    """Bring a volume back to a snapshot; what was written since is lost."""
    volume = volume_of(call, VolumeState.ACTIVE)
    wanted = fields.RESTORE_POINT.read(call.body)
    call.body.check()
    snapshot = snapshot_named(volume, "restore_point", wanted)
    volume.restored_snapshot_id = snapshot.id
    volume.state = VolumeState.RESTORING
    ask(volume, now())
    return call.show(show_volume(call, volume))


_CREATED = (fields.PLAN, fields.PLAN_ID, fields.FACILITY, fields.FACILITY_ID, fields.SIZE, fields.POLICIES)
_UPDATED = (fields.PLAN, fields.PLAN_ID, fields.SIZE)
routes = [
    get("/projects/{id}/storage", of_project, gives=Listing("volumes", VolumeView)),
    post("/projects/{id}/storage", create, takes=(*_CREATED, *_CHANGEABLE.values()), gives=VolumeView),
    get("/storage/{id}", show, gives=VolumeView),
    put("/storage/{id}", update, takes=(*_UPDATED, *_CHANGEABLE.values()), gives=VolumeView),
    delete("/storage/{id}", remove),
    get("/storage/{id}/customdata", customdata, gives=CustomDataView),
    post("/storage/{id}/clone", clone, takes=(fields.SNAPSHOT,), gives=VolumeView),
    post("/storage/{id}/restore", restore, takes=(fields.RESTORE_POINT,), gives=VolumeView, status=202),
]
