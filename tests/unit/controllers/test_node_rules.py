# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Node has to say of its device: pure rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.cloud import nodes
from controllers.cloud.devices import Device, present
from controllers.cloud.nodes import SHUTDOWN, UNINITIALIZED, Change, Node, UnclearError

ID = "0b6a8c1e-4f6e-4a07-9a55-0f2d8f1b2c3d"
OTHER = "1c7b9d2f-4f6e-4a07-9a55-0f2d8f1b2c3d"
DEVICE = Device(
    id=ID,
    hostname="worker-1",
    state="active",
    plan="c3.small.x86",
    metro="sv",
    facility="sv15",
    private=("10.1.0.2",),
    public=("100.64.0.2", "2001:db8::2"),
)
NEW = Node(
    name="worker-1",
    uid="u",
    version="7",
    taints=({"key": UNINITIALIZED, "value": "true", "effect": "NoSchedule"},),
)

taints = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from([UNINITIALIZED, SHUTDOWN, "node.kubernetes.io/not-ready", "mine"]),
            "effect": st.sampled_from(["NoSchedule", "NoExecute"]),
        }
    ),
    max_size=4,
).map(tuple)
some_nodes = st.builds(
    Node,
    name=st.just("worker-1"),
    uid=st.just("u"),
    version=st.just("7"),
    provider_id=st.sampled_from(["", ID, f"packet://{ID}", f"equinixmetal://{ID}"]),
    labels=st.dictionaries(
        st.sampled_from(["topology.kubernetes.io/region", "node.kubernetes.io/instance-type", "mine"]),
        st.sampled_from(["sv", "other"]),
    ),
    provided_ips=st.sampled_from([(), ("10.1.0.2",), ("192.0.2.9",), ("2001:db8::2",)]),
    addresses=st.sampled_from([(), (("Hostname", "worker-1"),), (("InternalIP", "10.1.0.9"),)]),
    taints=taints,
)
some_devices = st.builds(
    replace,
    st.just(DEVICE),
    state=st.sampled_from(["active", "inactive", "powering_off", "provisioning"]),
    private=st.sampled_from([(), ("10.1.0.2",), ("10.1.0.2", "fd00::2")]),
    facility=st.sampled_from([None, "sv15"]),
)


def applied(node: Node, change: Change) -> Node:
    """The Node after the API server took the patches."""
    spec, metadata = change.node.get("spec", {}), change.node.get("metadata", {})
    listed = change.status.get("status", {}).get("addresses")
    return replace(
        node,
        provider_id=spec.get("providerID", node.provider_id),
        labels={**node.labels, **metadata.get("labels", {})},
        taints=tuple(spec.get("taints", node.taints)),
        addresses=node.addresses
        if listed is None
        else tuple((each["type"], each["address"]) for each in listed),
    )


@given(some_nodes, some_devices)
def test_one_change_is_enough(node: Node, device: Device) -> None:
    after = applied(node, nodes.change(node, device))
    assert nodes.change(after, device) == Change()


@given(some_nodes, some_devices)
def test_it_ends_initialised_and_tainted_just_when_the_device_is_off(node: Node, device: Device) -> None:
    after = applied(node, nodes.change(node, device))
    keys = [taint["key"] for taint in after.taints]
    assert UNINITIALIZED not in keys
    assert (SHUTDOWN in keys) is (device.state in ("inactive", "powering_off"))
    assert after.device_id == ID


@given(some_nodes, some_devices)
def test_what_is_others_stays(node: Node, device: Device) -> None:
    after = applied(node, nodes.change(node, device))
    mine = [taint for taint in node.taints if taint["key"] not in (UNINITIALIZED, SHUTDOWN)]
    assert [taint for taint in after.taints if taint["key"] not in (UNINITIALIZED, SHUTDOWN)] == mine
    assert after.labels.get("mine") == node.labels.get("mine")
    if node.provider_id:
        assert after.provider_id == node.provider_id


def test_taints_are_replaced_only_as_they_were_seen() -> None:
    assert nodes.change(NEW, DEVICE).node["metadata"]["resourceVersion"] == "7"


@pytest.mark.parametrize(
    ("provided", "expected"),
    [
        ((), [("InternalIP", "10.1.0.2"), ("ExternalIP", "100.64.0.2"), ("ExternalIP", "2001:db8::2")]),
        # What kubelet was told comes before the others of its kind.
        (
            ("2001:db8::2",),
            [("ExternalIP", "2001:db8::2"), ("InternalIP", "10.1.0.2"), ("ExternalIP", "100.64.0.2")],
        ),
        # An address of a VLAN, of which the API knows nothing.
        (
            ("192.0.2.9",),
            [
                ("InternalIP", "192.0.2.9"),
                ("InternalIP", "10.1.0.2"),
                ("ExternalIP", "100.64.0.2"),
                ("ExternalIP", "2001:db8::2"),
            ],
        ),
    ],
)
def test_addresses(provided: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    change = nodes.change(replace(NEW, provided_ips=provided), DEVICE)
    listed = [(each["type"], each["address"]) for each in change.status["status"]["addresses"]]
    assert listed == [("Hostname", "worker-1"), *expected]


def test_of_two_devices_with_its_hostname_it_is_the_one_with_its_address() -> None:
    twin = replace(DEVICE, id=OTHER, private=("10.1.0.3",), public=())
    node = replace(NEW, provided_ips=("10.1.0.3",))
    assert nodes.device_of_node(node, [DEVICE, twin]) == twin
    with pytest.raises(UnclearError, match=f"{ID}, {OTHER}"):
        nodes.device_of_node(NEW, [DEVICE, twin])


def test_what_is_on_its_way_out_is_not_there() -> None:
    item: dict[str, Any] = {"id": ID, "hostname": "worker-1", "ip_addresses": []}
    assert present([{**item, "state": "deprovisioning"}]) == []
    assert [device.state for device in present([{**item, "state": "active"}])] == ["active"]


def test_elastic_addresses_are_not_the_nodes_own() -> None:
    own = {"address": "100.64.0.2", "public": True, "management": True}
    elastic = {"address": "100.64.9.9", "public": True, "management": False}
    item = {"id": ID, "hostname": "worker-1", "state": "active", "ip_addresses": [elastic, own]}
    (device,) = present([item])
    assert device.public == ("100.64.0.2",)
