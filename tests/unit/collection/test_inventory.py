# SPDX-License-Identifier: GPL-3.0-or-later
"""How devices become hosts, without Ansible's inventory and without an API."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.inventory.packet import PASSING, _successes
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device_attributes import attributes
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import failed
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from ansible_collections.packet.kubernetes.plugins.plugin_utils._inventory import (
    endpoints,
    group_names,
    host_variables,
    is_wanted,
    reached_at,
    safe_name,
    unique_names,
)
from hypothesis import given
from hypothesis import strategies as st

NO_FILTER: dict[str, list[str]] = {
    name: [] for name in ("facilities", "metros", "states", "roles", "clusters", "tags")
}


def variables(*tags: str, **fields: Any) -> dict[str, Any]:
    device = {
        "id": "1",
        "hostname": "n",
        "state": "active",
        "metro": {"code": "sv"},
        "facility": {"code": "sv15"},
        "tags": list(tags),
        **fields,
    }
    return dict(host_variables(attributes(device), "p", {}))


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"states": ["queued", "active"]},
        {"metros": ["sv"], "facilities": ["sv15", "da11"]},
        {"roles": ["worker"], "clusters": ["green", "blue"]},
        {"tags": ["role=worker", "x"]},
    ],
)
def test_a_device_is_wanted_with_one_value_of_each_filter_and_all_tags(filters: dict[str, Any]) -> None:
    assert is_wanted(variables("cluster=blue", "role=worker", "x"), NO_FILTER | filters)


@pytest.mark.parametrize(
    "filters",
    [
        {"states": ["inactive"]},
        {"metros": ["nowhere"]},
        {"metros": ["sv"], "facilities": ["da11"]},
        {"roles": ["control-plane"]},
        {"clusters": ["green"]},
        {"clusters": [""]},
        {"tags": ["x", "y"]},
    ],
)
def test_a_device_is_not_wanted_when_one_filter_does_not_name_it(filters: dict[str, Any]) -> None:
    assert not is_wanted(variables("cluster=blue", "role=worker", "x"), NO_FILTER | filters)


def test_a_device_without_what_a_filter_names_is_not_wanted() -> None:
    assert not is_wanted(variables(metro=None), NO_FILTER | {"metros": ["None"]})


def test_a_device_is_reached_at_the_first_address_that_it_has() -> None:
    own = {"management": True, "public": True, "address_family": 6, "address": "2001:db8::1"}
    host = variables(ip_addresses=[own])
    assert reached_at(host, ["public_ipv4", "private_ipv4"]) == {}
    assert reached_at(host, ["public_ipv4", "public_ipv6"]) == {"ansible_host": "2001:db8::1"}


def test_what_is_no_address_is_none() -> None:
    own = {"management": True, "public": True, "address_family": 4, "address": "-oProxyCommand=x"}
    assert reached_at(variables(ip_addresses=[own]), ["public_ipv4"]) == {}


def test_the_endpoint_is_told_of_its_cluster_alone() -> None:
    tags = ["cluster-api-provider-packet:cluster-id:blue"]
    reserved = endpoints([{"address": "192.0.2.9", "tags": tags, "assigned_to": ["1"]}])
    device = attributes({"id": "1", "hostname": "n", "state": "active", "tags": ["cluster=blue"]})
    of_cluster = host_variables(device, "p", reserved)
    assert (of_cluster["packet_endpoint"], of_cluster["packet_holds_endpoint"]) == ("192.0.2.9", True)
    assert "packet_endpoint" not in host_variables({**device, "tags": []}, "p", reserved)


def test_groups_are_named_with_what_a_group_may_have() -> None:
    tags = ("role=worker", "cluster=a/b", "{{ x }}", "ä b")
    assert list(group_names(variables(*tags))) == [
        "kube_node",
        "cluster_a_b",
        "metro_sv",
        "state_active",
        "tag_role_worker",
        "tag_cluster_a_b",
        "tag____x___",
        "tag_ä_b",
    ]


@given(st.text())
def test_a_safe_name_means_nothing_else(name: str) -> None:
    safe = safe_name(name)
    assert len(safe) == len(name)
    assert not safe.startswith((".", "-"))
    assert not set(safe) & set("/\\{}[]:,!&*%~ \n\0'\"")


def test_usual_names_stay_as_they_are() -> None:
    assert safe_name("node-0.example.com") == "node-0.example.com"


@given(st.lists(st.sampled_from(["a", "localhost", "a-00000001", "a-00000002"])))
def test_no_two_hosts_have_one_name(names: list[str]) -> None:
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(len(names))]
    unique = list(unique_names(zip(names, ids, strict=True), {"localhost"}))
    assert len({*unique, "localhost"}) == len(names) + 1


def test_the_first_of_equal_names_keeps_it() -> None:
    named = [("a", "11111111-0"), ("a", "22222222-0"), ("b", "33333333-0")]
    assert list(unique_names(named, ())) == ["a", "a-22222222", "b"]


@pytest.mark.parametrize("refused", [401, 403])
def test_a_refusal_does_not_hide_behind_what_may_pass(refused: int) -> None:
    errors = [failed("GET devices", status, None, "the option api_token") for status in (503, refused, 500)]
    with pytest.raises(ResourceError) as raised:
        _successes([*errors, "a"])
    assert raised.value is errors[1]
    assert not isinstance(raised.value, PASSING)
    assert _successes(["a", "b"]) == ["a", "b"]
