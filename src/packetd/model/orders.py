# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted when a device is ordered, checked against the catalogue but not yet given a place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

INDEX = "{{index}}"
NEXT_AVAILABLE = "next-available"


class AddressWish(msgspec.Struct, frozen=True):
    """An address that a device shall have from the start.

    ``reservations`` are ids of elastic blocks to take it from; ``prefix`` is the size of the part to
    take of each, None for the whole of it.
    """

    family: int
    public: bool
    prefix: int | None = None
    reservations: tuple[str, ...] = ()


# What a device gets that asks for nothing: in the order in which Packet listed them.
USUAL = (AddressWish(4, True), AddressWish(6, True), AddressWish(4, False))


class Order(msgspec.Struct, frozen=True):
    """One device that is wanted.

    ``facilities`` are codes, the preferred first. ``hardware_reservation`` is an id, "next-available" or
    None for any machine. ``spot_price_max`` is in dollars an hour, None for a device that is not on the
    spot market. ``others`` are attributes of the device that nothing is derived from.
    """

    hostname: str
    plan: str
    operating_system: str
    facilities: tuple[str, ...]
    ssh_keys: tuple[str, ...]
    addresses: tuple[AddressWish, ...]
    hardware_reservation: str | None
    spot_price_max: float | None
    termination_time: datetime | None
    others: dict[str, Any]


def numbered(hostname: str, index: int) -> str:
    """The name of the device of this number (from 0) among those that are made with one name."""
    return hostname.replace(INDEX, str(index))
