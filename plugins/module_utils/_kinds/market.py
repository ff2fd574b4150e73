# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines are left, and what they cost on the spot market: by plan, and by metro or facility.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._info import Info
from .._packet.client import Client
from .._packet.paging import Item, everything
from .._reconcile import Attributes, ResourceError
from .filters import fits, query
from .links import part

CAPACITY_PATHS = {"metro": "capacity/metros", "facility": "capacity"}
PRICES_PATHS = {"metro": "market/spot/prices/metros", "facility": "market/spot/prices"}
"""Where the API tells, by what places are told apart."""

_PLACES: dict[str, Any] = {"metro": {"type": "str"}, "facility": {"type": "str"}}
_EITHER = ("metro", "facility")
_OPTIONS: dict[str, Any] = {
    **_PLACES,
    "plan": {"type": "str"},
    "by_facility": {"type": "bool", "default": False},
}


def _capacity(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    if params["servers"] is not None:
        return _availability(client, params["servers"])
    place = _place(params)
    levels = client.call_api(CAPACITY_PATHS[place])["capacity"]
    rows = _rows(client, levels, place, "level")
    for name in (*_EITHER, "plan"):
        _refuse_unknown(name, params[name], {row[name] for row in rows if row[name]})
    return [row for row in rows if _is_asked(row, params)]


def _availability(client: Client, servers: list[dict[str, Any]]) -> list[Attributes]:
    """Asked at once for all metros and at once for all facilities, and told in the order of the question."""
    answers = {place: iter(_checked(client, place, servers)) for place in _EITHER}
    return [
        {
            **{place: server.get(place) for place in _EITHER},
            "plan": server["plan"],
            "quantity": server["quantity"],
            "available": bool(next(answers[_place(server)])["available"]),
        }
        for server in servers
    ]


def _checked(client: Client, place: str, servers: list[dict[str, Any]]) -> list[Item]:
    """What the API says of those that are wanted in places of this kind. The POST changes nothing."""
    wanted = [
        {name: server[name] for name in (place, "plan", "quantity")}
        for server in servers
        if _place(server) == place
    ]
    if not wanted:
        return []
    answer: list[Item] = client.call_api(CAPACITY_PATHS[place], "POST", {"servers": wanted})["servers"]
    return answer


def _spot_prices(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    place = _place(params)
    sent = query(**{place: params[place]}, plan=params["plan"])
    prices = client.call_api(PRICES_PATHS[place], params=sent)["spot_market_prices"]
    return [row for row in _rows(client, prices, place, "price") if _is_asked(row, params)]


def _place(asked: Mapping[str, Any]) -> str:
    """Whether metros or facilities are told apart."""
    return "facility" if asked.get("by_facility") or asked.get("facility") else "metro"


def _rows(
    client: Client, document: Mapping[str, Mapping[str, Item]], place: str, value: str
) -> list[Attributes]:
    """The API nests plans in places; here each is a row of its own, that of a facility with its metro."""
    if place == "facility":
        facilities = everything(client, "facilities", "facilities")
        metros = {facility["code"]: part(facility.get("metro"), "code") for facility in facilities}
        places = {code: {"metro": metros.get(code), "facility": code} for code in document}
    else:
        places = {code: {"metro": code, "facility": None} for code in document}
    return [
        {**places[code], "plan": plan, value: item[value]}
        for code, plans in document.items()
        for plan, item in plans.items()
    ]


def _is_asked(row: Attributes, params: Mapping[str, Any]) -> bool:
    return fits(row, **{name: params[name] for name in (*_EITHER, "plan")})


def _refuse_unknown(what: str, asked: str | None, known: set[str]) -> None:
    if asked is not None and asked not in known:
        raise ResourceError(
            f"capacity: {what} {asked!r} is not offered; this API has: {', '.join(sorted(known))}"
        )


CAPACITY = Info(
    "capacity",
    _capacity,
    {
        **_OPTIONS,
        "servers": {
            "type": "list",
            "elements": "dict",
            "options": {
                "plan": {"type": "str", "required": True},
                **_PLACES,
                "quantity": {"type": "int", "default": 1},
            },
            "required_one_of": [_EITHER],
            "mutually_exclusive": [_EITHER],
        },
    },
    {
        "mutually_exclusive": [
            _EITHER,
            ("servers", "plan"),
            ("servers", "metro"),
            ("servers", "facility"),
        ]
    },
)
SPOT_PRICES = Info("spot_prices", _spot_prices, _OPTIONS, {"mutually_exclusive": [_EITHER]})
