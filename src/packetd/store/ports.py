# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of a device, between their rules (model/ports.py) and the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from packetd.model.ports import Ports
from packetd.store.tables import Device, VlanAssignment, now


def ports_of(device: Device) -> Ports:
    """The ports as they are; virtual networks go by their ids."""
    vlans: dict[str, frozenset[str]] = defaultdict(frozenset)
    for item in device.vlan_assignments:
        vlans[item.port] |= {item.virtual_network_id}
    return Ports(
        layer=device.layer,
        individual=frozenset(device.individual_ports),
        vlans=dict(vlans),
        native={item.port: item.virtual_network_id for item in device.vlan_assignments if item.native},
    )


def keep_ports(device: Device, ports: Ports) -> None:
    """Store what became of the ports. A device without layer 3 has no addresses: its own are kept for
    it, the elastic ones go back to their reservations."""
    device.layer = ports.layer
    device.individual_ports = sorted(ports.individual)
    if ports.layer == 2:
        device.assignments.clear()
        for address in device.addresses:
            address.attached = False
    wanted = {(port, vlan) for port, vlans in ports.vlans.items() for vlan in vlans}
    for item in list(device.vlan_assignments):
        key = (item.port, item.virtual_network_id)
        if key not in wanted:
            device.vlan_assignments.remove(item)
        elif item.native != (ports.native.get(item.port) == item.virtual_network_id):
            item.native = not item.native
            item.updated_at = now()
    present = {(item.port, item.virtual_network_id) for item in device.vlan_assignments}
    for port, vlan in sorted(wanted - present):
        native = ports.native.get(port) == vlan
        device.vlan_assignments.append(VlanAssignment(virtual_network_id=vlan, port=port, native=native))


def attach_addresses(device: Device, wanted: Collection[tuple[int, bool]]) -> None:
    """Give a device back its addresses of these families (4 or 6) and kinds (public or not), or all of
    them where none is named. It is never without its private IPv4 address."""
    for address in device.addresses:
        kind = (address.family, address.public)
        if not wanted or kind in wanted or kind == (4, False):
            address.attached = True
