# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Node says which device it is: in spec.providerID, as cloud-provider-equinix-metal wrote it. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import re

SCHEME = "equinixmetal"
UNDERSTOOD = (SCHEME, "packet")
"""The second is that of packet-ccm, the first generation."""

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PROVIDER_ID = re.compile(rf"(?:(?:{'|'.join(UNDERSTOOD)})://)?({_ID})", re.IGNORECASE)


class NoDeviceError(ValueError):
    """What is no providerID of a device."""


def device_of(provider_id: object) -> str:
    """The id of the device. Raises NoDeviceError."""
    match = _PROVIDER_ID.fullmatch(provider_id) if isinstance(provider_id, str) else None
    if match is None:
        forms = ", ".join(f"{scheme}://<id>" for scheme in UNDERSTOOD)
        raise NoDeviceError(f"{provider_id!r} names no device; allowed are {forms} and the bare id")
    return match[1].lower()


def of_device(device: object) -> str:
    """The providerID of a device's node. Raises NoDeviceError."""
    return f"{SCHEME}://{device_of(device)}"
