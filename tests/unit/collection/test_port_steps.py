# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps to what a port shall be, taken by the rules that packetd has for ports."""

from __future__ import annotations

from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.port_steps import BOND, Step, steps
from hypothesis import assume, given
from hypothesis import strategies as st

from packetd.model.lifecycle import RefusedError
from packetd.model.ports import BOND as BOND_NAME
from packetd.model.ports import INTERFACES, NAMES, Ports

VLANS = range(1000, 1004)
OPERATIONS = ("bond", "disbond", "convert/layer-2", "convert/layer-3", "assign", "native-vlan")

bodies = st.builds(lambda vlan: {"vnid": str(vlan)}, st.sampled_from(VLANS))
pasts = st.lists(
    st.tuples(st.sampled_from(NAMES), st.builds(Step, st.sampled_from(OPERATIONS), bodies)), max_size=12
)


def take(ports: Ports, name: str, step: Step) -> Ports:
    """One step as packetd takes it."""
    body, vlan = step.body, step.body.get("vnid", "")
    if step.tail == "native-vlan" and step.method == "DELETE":
        return ports.without_native(name)
    return {
        "bond": lambda: ports.bond(name, all_=bool(body.get("bulk_enable"))),
        "disbond": lambda: ports.disbond(name, all_=bool(body.get("bulk_disable"))),
        "convert/layer-2": lambda: ports.to_layer_2(name),
        "convert/layer-3": lambda: ports.to_layer_3(name),
        "assign": lambda: ports.assign(name, vlan),
        "unassign": lambda: ports.unassign(name, vlan),
        "native-vlan": lambda: ports.with_native(name, vlan),
    }[step.tail]()


def after(past: list[tuple[str, Step]]) -> Ports:
    """Ports to which something has happened; what is refused has not."""
    ports = Ports()
    for name, step in past:
        try:
            ports = take(ports, name, step)
        except RefusedError:
            continue
    return ports


def shown(ports: Ports, name: str) -> dict[str, Any]:
    """A port as the collection sees it."""
    return {
        "type": BOND if name == BOND_NAME else "interface",
        "bonded": ports.bonded(name),
        "layer": 2 if ports.network_type_of(name).startswith("layer2") else 3,
        "vlans": sorted(map(int, ports.carried(name))),
        "native_vlan": int(ports.native[name]) if name in ports.native else None,
    }


def is_up_to_others(ports: Ports, name: str, wanted: dict[str, Any]) -> bool:
    """Whether the other ports of the device are in the way: nothing that one port can help."""
    if any(str(vlan) in ports.carried(other) for vlan in wanted["vlans"] for other in NAMES if other != name):
        return True
    if name == BOND_NAME:
        forms = wanted["bonded"] and not ports.bonded(name)
        return forms and any(ports.carried(interface) for interface in INTERFACES)
    leaves = ports.bonded(name) and not wanted["bonded"]
    return leaves and ports.layer == 3 and len(ports.individual) == len(INTERFACES) - 1


@given(pasts, st.sampled_from(NAMES), st.booleans(), st.sampled_from([2, 3]), st.data())
def test_the_steps_lead_there(
    past: list[tuple[str, Step]], name: str, bonded: bool, layer: int, data: st.DataObject
) -> None:
    ports = after(past)
    found = shown(ports, name)
    bond = found["type"] == BOND
    vlans = data.draw(st.sets(st.sampled_from(VLANS))) if bonded == bond else set()
    wanted = {
        **found,
        "bonded": bonded or (bond and layer == 3),
        "vlans": sorted(vlans),
        "native_vlan": data.draw(st.sampled_from([*vlans, ""])),
        **({"layer": layer} if bond else {}),
    }
    assume(not (bond and layer == 3 and not bonded))
    assume(not is_up_to_others(ports, name, wanted))
    for step in steps(found, wanted):
        ports = take(ports, name, step)
    reached = shown(ports, name)
    native = wanted["native_vlan"] or None
    assert {**reached, "layer": None} == {**wanted, "native_vlan": native, "layer": None}
    # That of an interface is the device's affair.
    assert not bond or ports.layer == layer
    assert list(steps(reached, {**wanted, "layer": reached["layer"]})) == []
