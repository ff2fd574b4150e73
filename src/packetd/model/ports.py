# SPDX-License-Identifier: GPL-3.0-or-later
"""The network ports of a device: two interfaces, bonded."""

from __future__ import annotations

import hashlib
import uuid

INTERFACES = ("eth0", "eth1")
BOND = "bond0"


def port_id(device_id: str, name: str) -> str:
    """The id of a device's port: derived, so that it needs no storing."""
    return str(uuid.UUID(bytes=_digest(device_id, name)[:16], version=4))


def mac_address(device_id: str, name: str) -> str:
    """A locally administered address; a bond has that of its first interface."""
    digest = _digest(device_id, INTERFACES[0] if name == BOND else name)
    return ":".join(["02", *(f"{byte:02x}" for byte in digest[16:21])])


def _digest(device_id: str, name: str) -> bytes:
    return hashlib.sha256(f"{device_id}/{name}".encode()).digest()
