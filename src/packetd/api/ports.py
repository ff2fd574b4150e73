# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ports of devices."""

from __future__ import annotations

from packetd.api.calls import Call
from packetd.api.views import Document
from packetd.model.ports import BOND, INTERFACES, mac_address, port_id
from packetd.store.tables import Device


def show_ports(call: Call, device: Device) -> list[Document]:
    return [_show(call, device, name) for name in (BOND, *INTERFACES)]


def _show(call: Call, device: Device, name: str) -> Document:
    is_bond = name == BOND
    identifier = port_id(device.id, name)
    return {
        "id": identifier,
        "type": "NetworkBondPort" if is_bond else "NetworkPort",
        "name": name,
        "data": {"mac": mac_address(device.id, name), "bonded": True},
        "bond": None if is_bond else {"id": port_id(device.id, BOND), "name": BOND},
        "network_type": "layer3",
        "native_virtual_network": None,
        "virtual_networks": [],
        "disbond_operation_supported": not is_bond,
        "href": call.href(f"/ports/{identifier}"),
    }
