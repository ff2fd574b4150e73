# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a port is brought from what it is to what it shall be, in an order that the API takes. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .._reconcile import Attributes

BOND = "bond"

ALL_ADDRESSES = {
    "request_ips": [
        {"address_family": 4, "public": True},
        {"address_family": 4, "public": False},
        {"address_family": 6, "public": True},
    ]
}


@dataclass(frozen=True)
class Step:
    """One request for a port."""

    tail: str
    body: dict[str, Any] = field(default_factory=dict)
    method: str = "POST"


def steps(found: Attributes, wanted: Attributes) -> Iterator[Step]:
    """What is to go is taken off first, then the port is converted, then it is given what it lacks."""
    native = wanted["native_vlan"] or None
    staying = set() if _must_be_bare(found, wanted) else {*found["vlans"]} & {*wanted["vlans"]}
    remaining = found["native_vlan"]
    if remaining is not None and (native is None or remaining not in staying):
        yield Step("native-vlan", method="DELETE")
        remaining = None
    for vlan in found["vlans"]:
        if vlan not in staying:
            yield Step("unassign", {"vnid": str(vlan)})
    yield from _conversions(found, wanted)
    for vlan in wanted["vlans"]:
        if vlan not in staying:
            yield Step("assign", {"vnid": str(vlan)})
    if native != remaining:
        yield Step("native-vlan", {"vnid": str(native)})


def _must_be_bare(found: Attributes, wanted: Attributes) -> bool:
    """Only a bond that carries nothing becomes layer 3; it is given back afterwards what it had."""
    return bool(wanted["layer"] == 3 != found["layer"])


def _conversions(found: Attributes, wanted: Attributes) -> Iterator[Step]:
    """A bond is formed before it becomes layer 3, and layer 2 before it is broken."""
    whole = found["type"] == BOND
    if wanted["bonded"] and not found["bonded"]:
        yield Step("bond", {"bulk_enable": True} if whole else {})
    if wanted["layer"] != found["layer"]:
        layer_2 = wanted["layer"] == 2
        yield Step("convert/layer-2") if layer_2 else Step("convert/layer-3", ALL_ADDRESSES)
    if found["bonded"] and not wanted["bonded"]:
        yield Step("disbond", {"bulk_disable": True} if whole else {})
