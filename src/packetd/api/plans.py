# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: the kinds of machines."""

from __future__ import annotations

from typing import Any

from packetd.api.calls import Call, get
from packetd.api.views import Document
from packetd.model.catalogue import Plan
from packetd.store.tables import Organization, Project


def show_plan(call: Call, plan: Plan) -> Document:
    facilities = [
        facility
        for facility in call.context.catalogue.facilities.values()
        if facility.code not in plan.unavailable_in
    ]
    metros = dict.fromkeys(facility.metro for facility in facilities)
    return {
        "id": plan.id,
        "slug": plan.slug,
        "name": plan.name or plan.slug,
        "description": f"{plan.name or plan.slug} plan",
        "line": plan.line,
        "legacy": False,
        "class": plan.class_ or plan.slug,
        "type": "standard",
        "categories": ["compute"],
        "specs": _specs(plan),
        "pricing": {"hour": plan.hourly},
        "deployment_types": ["on_demand", "spot_market"],
        "available_in": [{"href": call.href(f"/facilities/{facility.id}")} for facility in facilities],
        "available_in_metros": [
            {"href": call.href(f"/metros/{call.context.catalogue.metros[code].id}")} for code in metros
        ],
        "href": call.href(f"/plans/{plan.id}"),
    }


def _specs(plan: Plan) -> dict[str, Any]:
    if plan.cpus is None:
        return {}
    return {
        "cpus": [{"count": plan.cpus.count, "type": plan.cpus.type}],
        "memory": {"total": plan.memory},
        "drives": [{"count": drive.count, "size": drive.size, "type": drive.type} for drive in plan.drives],
        "nics": [{"count": 2, "type": "10Gbps"}],
        "features": {"raid": False, "txt": True, "uefi": False},
    }


def index(call: Call) -> Document:
    plans = list(call.context.catalogue.plans.values())
    if slug := call.query.get("slug"):
        plans = [plan for plan in plans if plan.slug == slug]
    return call.show_all("plans", [show_plan(call, plan) for plan in plans])


def of_project(call: Call) -> Document:
    call.get(Project)
    return index(call)


def of_organization(call: Call) -> Document:
    call.get(Organization)
    return index(call)


routes = [
    get("/plans", index),
    get("/projects/{id}/plans", of_project),
    get("/organizations/{id}/plans", of_organization),
]
