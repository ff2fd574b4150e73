# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines cost on the spot market. An operator can set it (packetd spot-price)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.routes import get
from packetd.api.views import Document
from packetd.store.market import SpotPrices, history
from packetd.store.tables import now

_ASKS = {"plan": "Slug of a plan"}
_IN_FACILITY = {"facility": "Code of a facility", **_ASKS}
_IN_METRO = {"metro": "Code of a metro", **_ASKS}
_PERIOD = {"from": "Begin, in seconds since 1970; a day ago unless given", "until": "End; now unless given"}


class PriceView(TypedDict):
    """In dollars an hour."""

    price: float


class PricesView(TypedDict):
    """Prices by facility or metro, and by plan."""

    spot_market_prices: dict[str, dict[str, PriceView]]


class DatapointsView(TypedDict):
    """Pairs of seconds since 1970 and the price from then on."""

    datapoints: list[list[float]]


class HistoryView(TypedDict):
    """How a price changed."""

    prices_history: DatapointsView


def by_facility(call: Call) -> Document:
    """What each plan costs in each facility."""
    places = {code: [code] for code in call.context.catalogue.facilities}
    return _prices(call, _wanted(call, "facility", places), places)


def by_metro(call: Call) -> Document:
    """What each plan costs in each metro, where it is cheapest."""
    catalogue = call.context.catalogue
    places = {code: catalogue.facilities_of(code) for code in catalogue.metros}
    return _prices(call, _wanted(call, "metro", places), places)


def _wanted(call: Call, name: str, allowed: Collection[str]) -> list[str]:
    """What the query names of a kind; all of it when it names none."""
    text = call.query.get(name)
    if not text:
        return list(allowed)
    if text not in allowed:
        raise InvalidError(f"{name} {text!r} is not valid; allowed are {', '.join(allowed)}")
    return [text]


def _prices(call: Call, wanted: list[str], places: dict[str, list[str]]) -> Document:
    catalogue = call.context.catalogue
    prices = SpotPrices(call.session, catalogue)
    plans = _wanted(call, "plan", catalogue.server_plans())
    found: dict[str, dict[str, PriceView]] = {}
    for place in wanted:
        found[place] = {}
        for plan in plans:
            offering = [code for code in places[place] if code not in catalogue.plans[plan].unavailable_in]
            if offering:
                found[place][plan] = {"price": min(prices.of(plan, code) for code in offering)}
    return {"spot_market_prices": found}


def past(call: Call) -> Document:
    """How the price of a plan in a facility changed."""
    catalogue = call.context.catalogue
    return _history(call, _one(call, "facility", catalogue.facilities))


def past_by_metro(call: Call) -> Document:
    """How the price of a plan in a metro changed: that of its first facility."""
    catalogue = call.context.catalogue
    return _history(call, catalogue.facilities_of(_one(call, "metro", catalogue.metros))[0])


def _history(call: Call, facility: str) -> Document:
    plan = _one(call, "plan", call.context.catalogue.server_plans())
    until = _moment(call, "until", now())
    since = _moment(call, "from", until - timedelta(days=1))
    points = history(call.session, call.context.catalogue, plan, facility, since, until)
    return {"prices_history": {"datapoints": [[at.timestamp(), price] for at, price in points]}}


def _one(call: Call, name: str, allowed: Collection[str]) -> str:
    if not call.query.get(name):
        raise InvalidError(f"{name} can't be blank")
    return _wanted(call, name, allowed)[0]


def _moment(call: Call, name: str, default: datetime) -> datetime:
    text = call.query.get(name)
    if not text:
        return default
    # Ten digits reach to the year 2286.
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise InvalidError(f"{name} {text!r} is not a number of seconds since 1970")
    return datetime.fromtimestamp(int(text), UTC)


routes = [
    get("/market/spot/prices", by_facility, gives=PricesView, asks=_IN_FACILITY),
    get("/market/spot/prices/metros", by_metro, gives=PricesView, asks=_IN_METRO),
    get("/market/spot/prices/history", past, gives=HistoryView, asks={**_IN_FACILITY, **_PERIOD}),
    get(
        "/market/spot/prices/metros/history", past_by_metro, gives=HistoryView, asks={**_IN_METRO, **_PERIOD}
    ),
]
