# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that are kept for a project.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._info import Info
from .._packet.client import Client
from .._packet.connection import PROJECT_OPTION
from .._packet.paging import Item, everything
from .._reconcile import Attributes
from .filters import fits, query
from .links import id_of, part
from .references import Home

STATES = ("active", "spare", "need_of_service")


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    path = Home(client, params.get("project")).path("hardware-reservations")
    state, provisionable = params["state"], params["provisionable"]
    sent = query(state=state, provisionable="only" if provisionable else None)
    return [
        reservation
        for reservation in map(_attributes, everything(client, path, "hardware_reservations", **sent))
        if fits(
            reservation,
            provisionable=provisionable,
            **{name: params[name] for name in ("plan", "metro", "facility")},
        )
        and (state is None or _is(reservation, state))
    ]


def _is(reservation: Attributes, state: str) -> bool:
    """A machine may be in more than one of the states."""
    return bool(reservation["device_id"] if state == "active" else reservation[state])


def _attributes(reservation: Item) -> Attributes:
    facility = reservation.get("facility") or {}
    return {
        "id": reservation["id"],
        "plan": part(reservation.get("plan"), "slug"),
        "metro": part(facility.get("metro"), "code"),
        "facility": part(facility, "code"),
        "project_id": id_of(reservation.get("project")),
        "device_id": id_of(reservation.get("device")),
        **{name: bool(reservation.get(name)) for name in ("provisionable", "spare", "need_of_service")},
        **{
            name: reservation.get(name)
            for name in ("description", "billing_cycle", "started_at", "remove_at", "created_at")
        },
    }


HARDWARE_RESERVATIONS = Info(
    "hardware_reservations",
    _search,
    {
        "project": PROJECT_OPTION,
        "plan": {"type": "str"},
        "metro": {"type": "str"},
        "facility": {"type": "str"},
        "state": {"type": "str", "choices": list(STATES)},
        "provisionable": {"type": "bool"},
    },
)
