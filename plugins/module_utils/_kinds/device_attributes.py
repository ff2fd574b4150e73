# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection shows of a device, in modules and in the inventory. Pure, and cheap to import.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import hashlib
from typing import Any

from .._reconcile import Attributes
from .links import id_of, part

LEAVING = frozenset({"deprovisioning", "deleted"})
"""States of a device that is no longer there for us."""

ADDRESS = ("address", "cidr", "gateway", "address_family", "public", "management")
"""What is told of each address of a device; `management` is that of its own ones."""


def fingerprint(user_data: str | None) -> str | None:
    """What stands for user data in comparisons, diffs and results, as the text may hold secrets."""
    return f"sha256:{hashlib.sha256(user_data.encode()).hexdigest()}" if user_data else None


def attributes(device: dict[str, Any]) -> Attributes:
    """A device of the API as a flat dictionary."""
    return {
        "id": device["id"],
        "hostname": device["hostname"],
        "state": device["state"],
        "plan": part(device.get("plan"), "slug"),
        "operating_system": part(device.get("operating_system"), "slug"),
        "metro": part(device.get("metro"), "code"),
        "facility": part(device.get("facility"), "code"),
        "tags": list(device.get("tags") or []),
        "description": device.get("description"),
        "billing_cycle": device.get("billing_cycle"),
        "locked": bool(device.get("locked")),
        "always_pxe": bool(device.get("always_pxe")),
        "ipxe_script_url": device.get("ipxe_script_url"),
        "network_frozen": bool(device.get("network_frozen")),
        "features": _features(device.get("features") or {}),
        "hardware_reservation_id": id_of(device.get("hardware_reservation")),
        "spot_instance": bool(device.get("spot_instance")),
        "spot_price_max": device.get("spot_price_max"),
        "termination_time": device.get("termination_time"),
        "custom_data": device.get("customdata") or {},
        "user_data": fingerprint(device.get("userdata")),
        "public_ipv4": _address(device, 4, public=True),
        "private_ipv4": _address(device, 4, public=False),
        "public_ipv6": _address(device, 6, public=True),
        "ip_addresses": [
            {name: address.get(name) for name in ADDRESS} for address in device.get("ip_addresses") or []
        ],
        "created_at": device.get("created_at"),
    }


def tag_value(tags: list[str], name: str) -> str | None:
    """The value of the tag `name=value`, None where there is none."""
    return next((tag.partition("=")[2] for tag in tags if tag.startswith(f"{name}=")), None)


def _features(features: list[str] | dict[str, str]) -> dict[str, str]:
    """How much each feature is wanted; the API also takes a list, of those that are required."""
    return dict(features) if isinstance(features, dict) else dict.fromkeys(features, "required")


def _address(device: dict[str, Any], family: int, *, public: bool) -> str | None:
    """The device's own address: `management` tells it from elastic ones."""
    return next(
        (
            str(address["address"])
            for address in device.get("ip_addresses") or []
            if address.get("management")
            and address.get("address_family") == family
            and bool(address.get("public")) is public
        ),
        None,
    )
