# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is done to the ports of a device in whatever order, their rules hold."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from packetd.model.lifecycle import RefusedError
from packetd.model.ports import (
    BOND,
    INTERFACES,
    NAMES,
    NetworkType,
    Ports,
    mac_address,
    port_id,
    ports_of_id,
)

ports = st.sampled_from(NAMES)
vlans = st.sampled_from(("a", "b", "c"))


class PortsMachine(RuleBasedStateMachine):
    """Any sequence of operations, each accepted or refused."""

    def __init__(self) -> None:
        super().__init__()
        self.now = Ports()

    def _do(self, operation: str, *args: str, **options: bool) -> bool:
        before = self.now
        try:
            self.now = getattr(before, operation)(*args, **options)
        except RefusedError:
            return False
        # What is so already may be asked for again.
        if operation != "unassign":
            assert getattr(self.now, operation)(*args, **options) == self.now
        return True

    @rule(port=ports, all_=st.booleans())
    def bond(self, port: str, all_: bool) -> None:
        if self._do("bond", port, all_=all_):
            assert self.now.bonded(port)
            assert self.now.bonded(BOND)

    @rule(port=ports, all_=st.booleans())
    def disbond(self, port: str, all_: bool) -> None:
        if self._do("disbond", port, all_=all_):
            assert not self.now.bonded(port)

    @rule(port=ports)
    def to_layer_2(self, port: str) -> None:
        assert self._do("to_layer_2", port) == (port == BOND)

    @rule(port=ports)
    def to_layer_3(self, port: str) -> None:
        if self._do("to_layer_3", port):
            assert self.now.network_type_of(BOND) in (
                NetworkType.LAYER3,
                NetworkType.HYBRID,
                NetworkType.HYBRID_BONDED,
            )

    @rule(port=ports, vlan=vlans)
    def assign(self, port: str, vlan: str) -> None:
        if self._do("assign", port, vlan):
            assert vlan in self.now.carried(port)

    @rule(port=ports, vlan=vlans)
    def unassign(self, port: str, vlan: str) -> None:
        carried = vlan in self.now.carried(port)
        assert self._do("unassign", port, vlan) == carried
        assert vlan not in self.now.carried(port)

    @rule(port=ports, vlan=vlans)
    def with_native(self, port: str, vlan: str) -> None:
        assert self._do("with_native", port, vlan) == (vlan in self.now.carried(port))

    @rule(port=ports)
    def without_native(self, port: str) -> None:
        assert self._do("without_native", port)
        assert port not in self.now.native

    @invariant()
    def addresses_are_on_a_bond_that_exists(self) -> None:
        assert self.now.layer == 2 or self.now.bonded(BOND)

    @invariant()
    def interfaces_in_the_bond_carry_nothing_themselves(self) -> None:
        assert not any(self.now.bonded(name) and self.now.carried(name) for name in INTERFACES)

    @invariant()
    def nothing_is_carried_twice_and_natives_are_carried(self) -> None:
        carried = [vlan for name in NAMES for vlan in self.now.carried(name)]
        assert len(carried) == len(set(carried))
        assert all(vlan in self.now.carried(name) for name, vlan in self.now.native.items())

    @invariant()
    def the_network_type_says_the_layer(self) -> None:
        assert self.now.network_type.startswith("layer2") == (self.now.layer == 2)
        assert all(isinstance(self.now.network_type_of(name), NetworkType) for name in NAMES)

    @invariant()
    def there_is_a_way_back(self) -> None:
        """From any state, unassigning and bonding everything leads to a plain layer-3 network."""
        now = self.now
        for name in NAMES:
            for vlan in now.carried(name):
                now = now.unassign(name, vlan)
        assert now.bond(BOND, all_=True).to_layer_3(BOND) == Ports()


TestPorts = PortsMachine.TestCase


# The ways by which packngo 0.2.0 and 0.31 bring a device from any kind of network to any other.
WAYS = {
    NetworkType.LAYER3: [("bond", BOND, False), ("to_layer_3", BOND), ("bond", BOND, True)],
    NetworkType.HYBRID: [("bond", BOND, False), ("to_layer_3", BOND), ("disbond", "eth1", False)],
    NetworkType.LAYER2_INDIVIDUAL: [("to_layer_2", BOND), ("disbond", BOND, True)],
    NetworkType.LAYER2_BONDED: [("to_layer_2", BOND), ("bond", "eth0", False), ("bond", "eth1", False)],
}


@given(st.lists(st.sampled_from(sorted(WAYS)), max_size=8))
def test_the_ways_of_clients_lead_to_what_they_want(wanted: list[NetworkType]) -> None:
    now = Ports()
    for kind in wanted:
        for operation, port, *bulk in WAYS[kind]:
            options = {"all_": bulk[0]} if bulk else {}
            now = getattr(now, operation)(port, **options)
        assert now.network_type == kind


def test_a_broken_bond_is_formed_of_what_carries_nothing() -> None:
    individual = Ports().to_layer_2(BOND).disbond(BOND, all_=True).assign("eth0", "a")
    assert individual.to_layer_3(BOND).network_type == NetworkType.HYBRID
    with pytest.raises(RefusedError, match="Cannot form bond0"):
        individual.assign("eth1", "b").to_layer_3(BOND)


@given(st.uuids(version=4))
def test_the_id_of_a_port_is_a_uuid_that_leads_to_its_device(device: uuid.UUID) -> None:
    ids = {name: port_id(str(device), name) for name in NAMES}
    assert len({*ids.values(), str(device)}) == len(NAMES) + 1
    for name, identifier in ids.items():
        assert uuid.UUID(identifier).version == 4
        assert ports_of_id(identifier)[str(device)] == name
    assert ports_of_id("no id") == {}


def test_a_bond_has_the_address_of_its_first_interface() -> None:
    first, second = (mac_address("x", name) for name in INTERFACES)
    assert mac_address("x", BOND) == first != second
