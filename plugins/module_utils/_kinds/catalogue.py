# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API offers: plans, operating systems, and the places where machines can be.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._info import Info
from .._packet.client import Client
from .._packet.paging import Item, everything
from .._reconcile import Attributes
from .filters import fits, named, query
from .links import part

DEPLOYMENTS = ("on_demand", "spot_market")
PLACES = "available_in,available_in_metros"
"""What of a plan must be asked for, or only addresses are told."""

_NAMES: dict[str, Any] = {"type": "list", "elements": "str"}


def _plans(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    slugs, categories, deployment = params["slugs"], params["categories"], params["deployment_type"]
    sent = query(slug=slugs, categories=categories, deployment_type=deployment)
    return [
        plan
        for plan in map(_plan, everything(client, "plans", "plans", include=PLACES, **sent))
        if fits(
            plan,
            slug=slugs,
            deployment_types=deployment,
            metros=params["metro"],
            facilities=params["facility"],
        )
        and (categories is None or set(categories) & set(plan["categories"]))
    ]


def _plan(plan: Item) -> Attributes:
    specs = plan.get("specs") or {}
    return {
        **{name: plan.get(name) for name in ("id", "slug", "name", "description", "line", "class")},
        "categories": list(plan.get("categories") or []),
        "deployment_types": list(plan.get("deployment_types") or []),
        "metros": [part(metro, "code") for metro in plan.get("available_in_metros") or []],
        "facilities": [part(facility, "code") for facility in plan.get("available_in") or []],
        "hourly_price": part(plan.get("pricing"), "hour"),
        "memory": part(specs.get("memory"), "total"),
        **{name: list(specs.get(name) or []) for name in ("cpus", "drives", "nics")},
    }


def _operating_systems(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    systems = map(_operating_system, everything(client, "operating-systems", "operating_systems"))
    return [
        system
        for system in systems
        if fits(system, slug=params["slugs"], distro=params["distro"], plans=params["plan"])
    ]


def _operating_system(system: Item) -> Attributes:
    return {
        **{name: system.get(name) for name in ("id", "slug", "name", "distro", "version")},
        "licensed": bool(system.get("licensed")),
        "plans": list(system.get("provisionable_on") or []),
    }


def _metros(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    metros = map(_metro, everything(client, "locations/metros", "metros"))
    return [metro for metro in metros if fits(metro, code=params["codes"], country=params["country"])]


def _metro(metro: Item) -> Attributes:
    return {name: metro.get(name) for name in ("id", "code", "name", "country")}


def _facilities(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    facilities = map(_facility, everything(client, "facilities", "facilities"))
    return [
        facility
        for facility in facilities
        if named(facility, "code", params["codes"])
        and fits(facility, metro=params["metro"], features=params["features"])
    ]


def _facility(facility: Item) -> Attributes:
    return {
        **{name: facility.get(name) for name in ("id", "code", "name")},
        "metro": part(facility.get("metro"), "code"),
        "features": list(facility.get("features") or []),
        "ip_ranges": list(facility.get("ip_ranges") or []),
    }


PLANS = Info(
    "plans",
    _plans,
    {
        "slugs": _NAMES,
        "categories": _NAMES,
        "deployment_type": {"type": "str", "choices": list(DEPLOYMENTS)},
        "metro": {"type": "str"},
        "facility": {"type": "str"},
    },
)
OPERATING_SYSTEMS = Info(
    "operating_systems",
    _operating_systems,
    {"slugs": _NAMES, "distro": {"type": "str"}, "plan": {"type": "str"}},
)
METROS = Info("metros", _metros, {"codes": _NAMES, "country": {"type": "str"}})
FACILITIES = Info("facilities", _facilities, {"codes": _NAMES, "metro": {"type": "str"}, "features": _NAMES})
