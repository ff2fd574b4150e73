# SPDX-License-Identifier: GPL-3.0-or-later
"""Capacity: whether there are machines left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NotRequired, TypedDict

from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.fields import objects, text, whole
from packetd.api.places import find_facility, find_metro
from packetd.api.routes import get, post
from packetd.api.views import Document
from packetd.model.capacity import level_of
from packetd.model.catalogue import find
from packetd.store.stock import Stock
from packetd.store.tables import Organization

PLAN = text("plan", "Slug or id of a plan", required=True)
FACILITY = text("facility", "Code of a facility")
METRO = text("metro", "Code of a metro")
QUANTITY = whole("quantity", "How many machines", default=1)
SERVERS = objects("servers", "What is wanted where", (FACILITY, METRO, PLAN, QUANTITY))


class LevelView(TypedDict):
    """unavailable, critical, limited or normal."""

    level: str


class CapacityView(TypedDict):
    """Levels by facility or metro, and by plan."""

    capacity: dict[str, dict[str, LevelView]]


class ServerView(TypedDict):
    """What was asked for, and whether there is enough of it."""

    facility: NotRequired[str]
    metro: NotRequired[str]
    plan: str
    quantity: int
    available: bool


class CheckView(TypedDict):
    """Whether there is enough of everything."""

    servers: list[ServerView]


def by_facility(call: Call) -> Document:
    """How much is left in each facility."""
    return _report(call, {code: [code] for code in call.context.catalogue.facilities})


def by_metro(call: Call) -> Document:
    """How much is left in each metro."""
    catalogue = call.context.catalogue
    return _report(call, {code: catalogue.facilities_of(code) for code in catalogue.metros})


def _report(call: Call, places: dict[str, list[str]]) -> Document:
    stock = Stock(call.session, call.context.catalogue)
    plans = call.context.catalogue.server_plans()
    return {
        "capacity": {
            place: {plan: {"level": level_of(_left(stock, plan, facilities))} for plan in plans}
            for place, facilities in places.items()
        }
    }


def _left(stock: Stock, plan: str, facilities: Iterable[str]) -> float:
    return sum((stock.left(plan, facility) for facility in facilities), start=0.0)


def check_facilities(call: Call) -> Document:
    """Ask whether facilities have enough."""
    return _check(call, _facility)


def check_metros(call: Call) -> Document:
    """Ask whether metros have enough."""
    return _check(call, _metro)


_Place = Callable[[Call, Body], tuple[ServerView, list[str]]]


def _check(call: Call, place: _Place) -> Document:
    stock = Stock(call.session, call.context.catalogue)
    wanted = SERVERS.read(call.body)
    servers = [_answer(call, stock, part, place) for part in wanted]
    for number, part in enumerate(wanted):
        call.body.errors += [f"servers[{number}].{error}" for error in part.errors]
    call.body.check()
    return {"servers": servers}


def _answer(call: Call, stock: Stock, part: Body, place: _Place) -> ServerView:
    view, facilities = place(call, part)
    name = PLAN.read(part)
    plan = find(call.context.catalogue.server_plans(), name) if name else None
    if name and plan is None:
        part.wrong("plan", f"{name!r} is not a valid plan")
    view["plan"], view["quantity"] = name, QUANTITY.read(part)
    view["available"] = plan is not None and _left(stock, plan.slug, facilities) >= view["quantity"]
    return view


def _facility(call: Call, part: Body) -> tuple[ServerView, list[str]]:
    name = part.text("facility", required=True)
    facility = find_facility(call, part, name)
    view: ServerView = {"facility": name or "", "plan": "", "quantity": 0, "available": False}
    return view, [facility.code] if facility else []


def _metro(call: Call, part: Body) -> tuple[ServerView, list[str]]:
    name = part.text("metro", required=True)
    metro = find_metro(call, part, name)
    view: ServerView = {"metro": name or "", "plan": "", "quantity": 0, "available": False}
    return view, call.context.catalogue.facilities_of(metro.code) if metro else []


def of_organization(call: Call) -> Document:
    """How much an organization can have in each facility."""
    call.get(Organization)
    return by_facility(call)


def of_organization_by_metro(call: Call) -> Document:
    """How much an organization can have in each metro."""
    call.get(Organization)
    return by_metro(call)


routes = [
    get("/capacity", by_facility, gives=CapacityView),
    post("/capacity", check_facilities, takes=(SERVERS,), gives=CheckView, status=200),
    get("/capacity/metros", by_metro, gives=CapacityView),
    post("/capacity/metros", check_metros, takes=(SERVERS,), gives=CheckView, status=200),
    get("/organizations/{id}/capacity", of_organization, gives=CapacityView),
    get("/organizations/{id}/capacity/metros", of_organization_by_metro, gives=CapacityView),
]
