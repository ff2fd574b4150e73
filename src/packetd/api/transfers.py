# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing a project to another organization, which has to agree."""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import or_, select

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.fields import text
from packetd.api.organizations import organization_link
from packetd.api.projects import payment_method_of, project_link
from packetd.api.routes import Listing, delete, get, post, put
from packetd.api.views import Document, Link
from packetd.model.moments import moment
from packetd.model.roles import Right
from packetd.store.tables import Organization, Project, Transfer

TARGET = text("target_organization_id", "Who is to take it", required=True)


class TransferView(TypedDict):
    """A project that is offered to an organization."""

    id: str
    project: Link
    target_organization: Link
    created_at: str | None
    updated_at: str | None
    href: str


def show_transfer(call: Call, transfer: Transfer) -> TransferView:
    return {
        "id": transfer.id,
        "project": project_link(call, transfer.project_id),
        "target_organization": organization_link(call, transfer.organization_id),
        "created_at": moment(transfer.created_at),
        "updated_at": moment(transfer.updated_at),
        "href": call.href(f"/transfers/{transfer.id}"),
    }


def of_organization(call: Call) -> Document:
    """The transfers from and to an organization."""
    organization = call.get(Organization, right=Right.ADMINISTER)
    wanted = (
        select(Transfer)
        .join(Project)
        .where(or_(Transfer.organization_id == organization.id, Project.organization_id == organization.id))
        .order_by(Transfer.created_at, Transfer.id)
    )
    return call.show_all("transfers", [show_transfer(call, row) for row in call.session.scalars(wanted)])


def create(call: Call) -> Document:
    """Offer a project to another organization."""
    project = call.get(Project, right=Right.ADMINISTER)
    target = TARGET.read(call.body)
    call.body.check()
    # Whose organization it is does not matter: the point is to give the project away.
    if target == project.organization_id or call.session.get(Organization, target) is None:
        raise InvalidError(f"target_organization_id {target!r} is no other organization")
    offered = select(Transfer.id).where(Transfer.project_id == project.id)
    if call.session.scalars(offered).first() is not None:
        raise InvalidError("project has already been offered; decline that transfer first")
    transfer = Transfer(project_id=project.id, organization_id=target)
    call.session.add(transfer)
    call.session.flush()
    return call.show(show_transfer(call, transfer))


def show(call: Call) -> Document:
    """One transfer."""
    return call.show(show_transfer(call, call.get(Transfer)))


def accept(call: Call) -> None:
    """Take a project over; only the organization that it is offered to can."""
    transfer = call.get(Transfer)
    organization = call.get(Organization, transfer.organization_id, Right.ADMINISTER)
    project = call.session.get_one(Project, transfer.project_id)
    project.organization_id = organization.id
    project.payment_method_id = payment_method_of(call, organization.id)
    call.session.delete(transfer)
    body = f"Project {project.name} was taken over by {organization.name}"
    call.tell(project, "project.transferred", body)


def decline(call: Call) -> None:
    """Decline a transfer, or take it back."""
    call.session.delete(call.get(Transfer))


routes = [
    get(
        "/organizations/{id}/transfers",
        of_organization,
        gives=Listing("transfers", TransferView, paged=False),
    ),
    post("/projects/{id}/transfers", create, takes=(TARGET,), gives=TransferView),
    get("/transfers/{id}", show, gives=TransferView),
    put("/transfers/{id}", accept, status=204),
    delete("/transfers/{id}", decline),
]
