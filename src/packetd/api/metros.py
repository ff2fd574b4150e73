# SPDX-License-Identifier: GPL-3.0-or-later
"""Metros: the areas that facilities are in."""

from __future__ import annotations

from typing import TypedDict

from packetd.api.calls import Call
from packetd.api.errors import NotFoundError
from packetd.api.routes import Listing, get
from packetd.api.views import Document, Link
from packetd.model.catalogue import Metro, find


class MetroView(TypedDict):
    """An area that facilities are in."""

    id: str
    code: str
    name: str
    country: str
    href: str


def metro_link(call: Call, metro: Metro, *, expanded: bool = False) -> Link:
    return Link(_href(call, metro), lambda: show_metro(call, metro), expanded=expanded, fixed=True)


def show_metro(call: Call, metro: Metro) -> MetroView:
    return {
        "id": metro.id,
        "code": metro.code,
        "name": metro.name,
        "country": metro.country,
        "href": _href(call, metro),
    }


def _href(call: Call, metro: Metro) -> str:
    return call.href(f"/locations/metros/{metro.id}")


def index(call: Call) -> Document:
    """All metros."""
    return call.show_all(
        "metros", [show_metro(call, metro) for metro in call.context.catalogue.metros.values()]
    )


def show(call: Call) -> Document:
    """One metro, by its id or code."""
    metro = find(call.context.catalogue.metros, call.id)
    if metro is None:
        raise NotFoundError
    return call.show(show_metro(call, metro))


routes = [
    get("/locations/metros", index, gives=Listing("metros", MetroView, paged=False)),
    get("/locations/metros/{id}", show, gives=MetroView),
    get("/metros", index, gives=Listing("metros", MetroView, paged=False)),
]
