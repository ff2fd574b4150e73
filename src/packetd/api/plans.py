# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: the kinds of machines, and of volumes."""

from __future__ import annotations

from typing import Any, TypedDict

from packetd.api.calls import Call
from packetd.api.errors import NotFoundError
from packetd.api.facilities import facility_link
from packetd.api.metros import metro_link
from packetd.api.routes import Listing, get
from packetd.api.views import Document, Link
from packetd.model.catalogue import Facility, Plan, find
from packetd.store.tables import Organization, Project

_ASKS = {
    "slug": "Slugs of plans, comma-separated",
    "categories": "Categories of plans, comma-separated",
    "deployment_type": "Plans that can be had this way: on_demand or spot_market",
}

# Written as a call since "class" is no name in Python.
PlanView = TypedDict(
    "PlanView",
    {
        "id": str,
        "slug": str,
        "name": str,
        "description": str,
        "line": str,
        "legacy": bool,
        "class": str,
        "type": str,
        "categories": list[str],
        "specs": dict[str, Any],
        "pricing": dict[str, Any],
        "deployment_types": list[str],
        "available_in": list[Link],
        "available_in_metros": list[Link],
        "href": str,
    },
)
PlanView.__doc__ = "A kind of machine, or of volume."


def plan_link(call: Call, plan: Plan, *, expanded: bool = False) -> Link:
    return Link(_href(call, plan), lambda: show_plan(call, plan), expanded=expanded, fixed=True)


def show_plan(call: Call, plan: Plan) -> PlanView:
    facilities = _facilities(call, plan)
    metros = [
        call.context.catalogue.metros[code] for code in dict.fromkeys(place.metro for place in facilities)
    ]
    return {
        "id": plan.id,
        "slug": plan.slug,
        "name": plan.name or plan.slug,
        "description": f"{plan.name or plan.slug} plan",
        "line": plan.line,
        "legacy": False,
        "class": plan.class_ or plan.slug,
        "type": "standard",
        "categories": [plan.category],
        "specs": specs(plan),
        "pricing": {"hour": plan.hourly},
        "deployment_types": list(plan.deployment_types),
        "available_in": [facility_link(call, facility) for facility in facilities],
        "available_in_metros": [metro_link(call, metro) for metro in metros],
        "href": _href(call, plan),
    }


def _href(call: Call, plan: Plan) -> str:
    return call.href(f"/plans/{plan.id}")


def _facilities(call: Call, plan: Plan) -> list[Facility]:
    facilities = call.context.catalogue.facilities.values()
    return [facility for facility in facilities if facility.code not in plan.unavailable_in]


def specs(plan: Plan) -> dict[str, Any]:
    """What a machine of a plan is made of; nothing for a plan of volumes."""
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
    """All plans."""
    plans = list(call.context.catalogue.plans.values())
    for name in _ASKS:
        if text := call.query.get(name):
            wanted = set(text.split(","))
            plans = [plan for plan in plans if wanted & _words(plan, name)]
    return call.show_all("plans", [show_plan(call, plan) for plan in plans])


def _words(plan: Plan, name: str) -> set[str]:
    """What a plan has of the kind that a query asks for."""
    return {
        "slug": {plan.slug},
        "categories": {plan.category},
        "deployment_type": set(plan.deployment_types),
    }[name]


def of_project(call: Call) -> Document:
    """The plans that a project can use."""
    call.get(Project)
    return index(call)


def of_organization(call: Call) -> Document:
    """The plans that an organization can use."""
    call.get(Organization)
    return index(call)


def show(call: Call) -> Document:
    """One plan, by its id or slug."""
    plan = find(call.context.catalogue.plans, call.id)
    if plan is None:
        raise NotFoundError
    return call.show(show_plan(call, plan))


_LIST = Listing("plans", PlanView, paged=False)
routes = [
    get("/plans", index, gives=_LIST, asks=_ASKS),
    get("/plans/{id}", show, gives=PlanView),
    get("/projects/{id}/plans", of_project, gives=_LIST, asks=_ASKS),
    get("/organizations/{id}/plans", of_organization, gives=_LIST, asks=_ASKS),
]
