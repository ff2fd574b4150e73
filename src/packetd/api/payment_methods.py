# SPDX-License-Identifier: GPL-3.0-or-later
"""Payment methods, to look at: packetd charges nothing."""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import select

from packetd.api.calls import Call
from packetd.api.organizations import organization_link
from packetd.api.paging import paged
from packetd.api.projects import project_link
from packetd.api.routes import Listing, get
from packetd.api.views import Document, Link, Reference
from packetd.model.moments import moment
from packetd.model.roles import Right
from packetd.store.tables import Organization, PaymentMethod, Project


class PaymentMethodView(TypedDict):
    """What projects would be paid by."""

    id: str
    name: str
    type: str
    default: bool
    cardholder_name: str
    card_type: str
    email: str
    expiration_month: str
    expiration_year: str
    billing_address: Reference | None
    organization: Link
    projects: list[Link]
    created_at: str | None
    updated_at: str | None
    href: str


def show_payment_method(call: Call, method: PaymentMethod) -> PaymentMethodView:
    projects = call.visible(Project, Right.READ).where(Project.payment_method_id == method.id)
    ids = call.session.scalars(projects.with_only_columns(Project.id).order_by(Project.created_at))
    return {
        "id": method.id,
        "name": method.name,
        "type": "none",
        "default": True,
        "cardholder_name": "",
        "card_type": "",
        "email": "",
        "expiration_month": "",
        "expiration_year": "",
        "billing_address": None,
        "organization": organization_link(call, method.organization_id),
        "projects": [project_link(call, id_) for id_ in ids],
        "created_at": moment(method.created_at),
        "updated_at": moment(method.updated_at),
        "href": call.href(f"/payment-methods/{method.id}"),
    }


def of_organization(call: Call) -> Document:
    """The payment methods of an organization."""
    organization = call.get(Organization, right=Right.BILL)
    wanted = select(PaymentMethod).where(PaymentMethod.organization_id == organization.id)
    return paged(
        call,
        "payment_methods",
        wanted.order_by(PaymentMethod.created_at, PaymentMethod.id),
        lambda rows: [show_payment_method(call, row) for row in rows],
    )


def show(call: Call) -> Document:
    """One payment method."""
    return call.show(show_payment_method(call, call.get(PaymentMethod, right=Right.BILL)))


routes = [
    get(
        "/organizations/{id}/payment-methods",
        of_organization,
        gives=Listing("payment_methods", PaymentMethodView),
    ),
    get("/payment-methods/{id}", show, gives=PaymentMethodView),
]
