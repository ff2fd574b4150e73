# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ports of devices: what they are bonded to, converted to and carry.

All of it is kept. Carried out is what concerns addresses: a device without layer 3 has no elastic ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypedDict

from sqlalchemy import or_, select

from packetd.api import virtual_networks
from packetd.api.body import Body
from packetd.api.calls import Call
from packetd.api.errors import InvalidError, NotFoundError
from packetd.api.fields import Field, flag, text
from packetd.api.routes import delete, get, post
from packetd.api.views import Document, Link
from packetd.model.lifecycle import RefusedError, State
from packetd.model.ports import BOND, NAMES, Ports, mac_address, port_id, ports_of_id
from packetd.store.ports import attach_addresses, keep_ports, ports_of
from packetd.store.tables import Device, VirtualNetwork

VNID = text("vnid", "The virtual network: its id, or its number", required=True)
FIRST_VNID = text("vnid", "A virtual network to assign at once: its id, or its number")
BULK_ENABLE = flag("bulk_enable", "All interfaces of the device")
BULK_DISABLE = flag("bulk_disable", "All interfaces of the device")


def _read_requested(body: Body) -> list[tuple[int, bool]]:
    """Families and kinds of addresses; what is not an object (an old client sends bare words) names none."""
    wanted = body.values.get("request_ips") or []
    items = [Body(item) for item in wanted if isinstance(item, dict)] if isinstance(wanted, list) else []
    found = [(item.whole("address_family", 4), item.flag("public")) for item in items]
    body.errors += [error for item in items for error in item.errors]
    return found


REQUEST_IPS: Field[list[tuple[int, bool]]] = Field(
    "request_ips",
    "Which addresses it shall have again; all of them unless given",
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"address_family": {"enum": [4, 6]}, "public": {"type": "boolean"}},
        },
    },
    _read_requested,
)


class PortView(TypedDict):
    """An interface, or the bond of them."""

    id: str
    type: str
    name: str
    data: dict[str, Any]
    bond: dict[str, str] | None
    network_type: str
    native_virtual_network: Link | None
    virtual_networks: list[Link]
    disbond_operation_supported: bool
    href: str


def port_links(call: Call, device: Device) -> list[Link]:
    """The ports of a device, shown whole."""
    ports = ports_of(device)
    return [
        Link(
            call.href(f"/ports/{port_id(device.id, name)}"),
            partial(show_port, call, device, ports, name),
            expanded=True,
        )
        for name in NAMES
    ]


def port_link(call: Call, port: Port) -> Link:
    return Link(call.href(f"/ports/{port.id}"), lambda: show_port(call, port.device, port.ports, port.name))


def show_port(call: Call, device: Device, ports: Ports, name: str) -> PortView:
    carried = {
        item.virtual_network_id: virtual_networks.virtual_network_link(call, item.virtual_network)
        for item in device.vlan_assignments
        if item.port == name
    }
    is_bond = name == BOND
    identifier = port_id(device.id, name)
    return {
        "id": identifier,
        "type": "NetworkBondPort" if is_bond else "NetworkPort",
        "name": name,
        "data": {"mac": mac_address(device.id, name), "bonded": ports.bonded(name)},
        "bond": None if is_bond or not ports.bonded(name) else {"id": port_id(device.id, BOND), "name": BOND},
        "network_type": ports.network_type_of(name),
        "native_virtual_network": carried[ports.native[name]] if name in ports.native else None,
        "virtual_networks": list(carried.values()),
        "disbond_operation_supported": not is_bond,
        "href": call.href(f"/ports/{identifier}"),
    }


@dataclass(frozen=True)
class Port:
    """A port of a device that a call is about."""

    device: Device
    name: str

    @property
    def id(self) -> str:
        return port_id(self.device.id, self.name)

    @property
    def ports(self) -> Ports:
        """All ports of the device."""
        return ports_of(self.device)


def port_of(call: Call) -> Port:
    """The port in the path; raises NotFoundError."""
    meant = ports_of_id(call.id)
    found = call.session.scalars(select(Device.id).where(Device.id.in_(meant))).first()
    if found is None:
        raise NotFoundError
    return Port(call.get(Device, found), meant[found])


def virtual_network_of(call: Call, device: Device, vnid: str) -> VirtualNetwork:
    """The virtual network of this id or number that a device can be in; raises InvalidError."""
    named = [VirtualNetwork.id == vnid]
    if re.fullmatch("[0-9]{1,4}", vnid):
        named.append(VirtualNetwork.vxlan == int(vnid))
    network = call.session.scalars(
        select(VirtualNetwork).where(
            VirtualNetwork.project_id == device.project_id,
            VirtualNetwork.metro == device.metro,
            or_(VirtualNetwork.facility.is_(None), VirtualNetwork.facility == device.facility),
            or_(*named),
        )
    ).first()
    if network is None:
        raise InvalidError(
            f"vnid {vnid!r} is no virtual network of the device's project in facility {device.facility}"
            f" or metro {device.metro}"
        )
    return network


def change(call: Call, port: Port, operation: Callable[[Ports], Ports], done: str) -> None:
    """Do something to the ports of a device, keep what became of them and tell of it."""
    device = port.device
    if device.state is State.DEPROVISIONING:
        raise InvalidError("Cannot change ports of a device that is deprovisioning")
    if device.network_frozen:
        raise InvalidError("Cannot change ports of a device whose network is frozen; update network_frozen")
    try:
        keep_ports(device, operation(port.ports))
    except RefusedError as refusal:
        raise InvalidError(str(refusal)) from None
    call.tell(device, "instance.network", f"{port.name} {done}")
    call.session.flush()
    # Virtual networks know their ports too.
    call.session.expire_all()


def _answer(call: Call, port: Port) -> Document:
    return call.show(show_port(call, port.device, port.ports, port.name))


def _read_vnid(call: Call, port: Port, field: Field[Any] = VNID) -> str:
    vnid = field.read(call.body)
    call.body.check()
    return virtual_network_of(call, port.device, vnid).id


def show(call: Call) -> Document:
    """One port."""
    return _answer(call, port_of(call))


def bond(call: Call) -> Document:
    """Put an interface into the bond; for the bond itself, all of them."""
    port = port_of(call)
    # An old client asks for all of them by the name that disbond has for it.
    all_ = BULK_ENABLE.read(call.body) or BULK_DISABLE.read(call.body)
    call.body.check()
    change(call, port, lambda ports: ports.bond(port.name, all_=all_), "was bonded")
    return _answer(call, port)


def disbond(call: Call) -> Document:
    """Take an interface out of the bond; for the bond itself, all of them."""
    port = port_of(call)
    all_ = BULK_DISABLE.read(call.body)
    call.body.check()
    change(call, port, lambda ports: ports.disbond(port.name, all_=all_), "was disbonded")
    return _answer(call, port)


def assign(call: Call) -> Document:
    """Have a port carry a virtual network."""
    port = port_of(call)
    vlan = _read_vnid(call, port)
    change(call, port, lambda ports: ports.assign(port.name, vlan), "was assigned a virtual network")
    return _answer(call, port)


def unassign(call: Call) -> Document:
    """Have a port carry a virtual network no more."""
    port = port_of(call)
    vlan = _read_vnid(call, port)
    change(call, port, lambda ports: ports.unassign(port.name, vlan), "was unassigned a virtual network")
    return _answer(call, port)


def make_native(call: Call) -> Document:
    """Have one of a port's virtual networks untagged."""
    port = port_of(call)
    vlan = _read_vnid(call, port)
    change(call, port, lambda ports: ports.with_native(port.name, vlan), "has a native virtual network")
    return _answer(call, port)


def remove_native(call: Call) -> Document:
    """Have all virtual networks of a port tagged."""
    port = port_of(call)
    change(call, port, lambda ports: ports.without_native(port.name), "has no native virtual network")
    return _answer(call, port)


def to_layer_2(call: Call) -> Document:
    """Make the bond carry virtual networks only: the device has no addresses then."""
    port = port_of(call)
    vlan = _read_vnid(call, port, FIRST_VNID) if FIRST_VNID.read(call.body) else None

    def convert(ports: Ports) -> Ports:
        converted = ports.to_layer_2(port.name)
        return converted.assign(port.name, vlan) if vlan else converted

    change(call, port, convert, "was converted to layer-2")
    return _answer(call, port)


def to_layer_3(call: Call) -> Document:
    """Make the bond carry addresses again."""
    port = port_of(call)
    wanted = REQUEST_IPS.read(call.body)
    call.body.check()
    change(call, port, lambda ports: ports.to_layer_3(port.name), "was converted to layer-3")
    attach_addresses(port.device, wanted)
    call.session.flush()
    return _answer(call, port)


routes = [
    get("/ports/{id}", show, gives=PortView),
    post("/ports/{id}/bond", bond, takes=(BULK_ENABLE, BULK_DISABLE), gives=PortView, status=200),
    post("/ports/{id}/disbond", disbond, takes=(BULK_DISABLE,), gives=PortView, status=200),
    post("/ports/{id}/assign", assign, takes=(VNID,), gives=PortView, status=200),
    post("/ports/{id}/unassign", unassign, takes=(VNID,), gives=PortView, status=200),
    post("/ports/{id}/native-vlan", make_native, takes=(VNID,), gives=PortView, status=200),
    delete("/ports/{id}/native-vlan", remove_native, gives=PortView, status=200),
    post("/ports/{id}/convert/layer-2", to_layer_2, takes=(FIRST_VNID,), gives=PortView, status=200),
    post("/ports/{id}/convert/layer-3", to_layer_3, takes=(REQUEST_IPS,), gives=PortView, status=200),
]
