# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules over a cluster's settings, asked as the filter settings_problems is asked."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.packet.kubernetes.plugins.filter.settings_problems import FilterModule
from hypothesis import given
from hypothesis import strategies as st

problems = FilterModule().filters()["settings_problems"]

GOOD: dict[str, Any] = {
    "cluster_name": "prod",
    "version": "v1.36.3",
    "supported_versions": ["v1.35.4", "v1.36.3"],
    "control_planes": 3,
    "workers": 4,
    "endpoint": "198.51.100.130",
    "api_port": 6443,
    "dns_domain": "cluster.local",
    "pod_cidr": "172.26.0.0/16",
    "service_cidr": "172.25.0.0/16",
    "node_networks": ["10.99.0.0/24", "198.51.100.0/24"],
    "ca_days": 3650,
    "kubeconfig_days": 365,
}
NUMBERS = ("control_planes", "workers", "api_port", "ca_days", "kubeconfig_days")


def test_good_settings_have_no_problem() -> None:
    assert problems(GOOD) == []


def test_numbers_may_be_text_as_extra_variables_are() -> None:
    assert problems(GOOD | {name: str(GOOD[name]) for name in NUMBERS}) == []


def test_what_is_optional_may_be_left_out() -> None:
    optional = {"endpoint": None, "node_networks": None, "supported_versions": None}
    assert problems(GOOD | optional) == []
    assert problems({name: value for name, value in GOOD.items() if name not in optional}) == []


def test_each_setting_that_is_missing_is_named() -> None:
    sentences = problems({})
    required = GOOD.keys() - {"endpoint", "node_networks", "supported_versions"}
    assert {sentence.split()[0] for sentence in sentences} == required


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *(("cluster_name", name) for name in ("", "Prod", "-a", "a-", "a.b", "a_b", "1a", "a" * 41, 7)),
        *(("version", version) for version in ("1.36.3", "v1.36", "v1.34.1", "v1.36.3-rc.1", "", 1.36)),
        *(("control_planes", count) for count in (0, 2, 4, 9, -1, "two", 1.0, True)),
        *(("workers", count) for count in (-1, "-1", "many", 1.5)),
        *(("api_port", port) for port in (0, 65536, 2379, 10250, 30000, 32767, "https")),
        *(("dns_domain", name) for name in ("", ".local", "cluster..local", "Cluster.local", "a" * 64)),
        *(
            ("pod_cidr", text)
            for text in ("172.26.0.0", "172.26.0.1/16", "fd00::/48", "172.26.0.0/33", "x", 3)
        ),
        *(("pod_cidr", text) for text in ("172.26.0.0/21", "100.0.0.0/7", "127.0.0.0/16", "224.0.0.0/16")),
        *(("service_cidr", text) for text in ("172.25.0.0/29", "100.64.0.0/11", "169.254.0.0/16", "")),
        *(("endpoint", text) for text in ("198.51.100.300", "api.example.com:6443", "https://x", 7)),
        *(("node_networks", [text]) for text in ("10.0.0.1", "10.0.0.1/8", "all")),
        *(("ca_days", days) for days in (0, -1, 36501, "ten")),
        *(("kubeconfig_days", days) for days in (0, 60, 36501, "a year")),
    ],
)
def test_a_wrong_value_gives_one_sentence_with_setting_value_and_what_is_allowed(
    setting: str, value: Any
) -> None:
    (sentence,) = problems(GOOD | {setting: value})
    assert sentence.startswith(f"{setting} ")
    assert str(value if not isinstance(value, list) else value[0]) in sentence
    assert "; allowed are " in sentence


@pytest.mark.parametrize(
    ("pods", "services", "nodes", "named"),
    [
        ("172.26.0.0/16", "172.26.128.0/20", ["10.0.0.0/8"], ("pod_cidr", "service_cidr 172.26.128.0/20")),
        ("10.2.0.0/16", "172.25.0.0/16", None, ("pod_cidr", "10.0.0.0/8")),
        ("172.26.0.0/16", "10.3.0.0/16", [], ("service_cidr", "10.0.0.0/8")),
        ("172.26.0.0/16", "172.25.0.0/16", ["172.26.5.0/24"], ("pod_cidr", "172.26.5.0/24")),
    ],
)
def test_ranges_that_overlap_are_both_named(
    pods: str, services: str, nodes: list[str] | None, named: tuple[str, str]
) -> None:
    (sentence,) = problems(GOOD | {"pod_cidr": pods, "service_cidr": services, "node_networks": nodes})
    assert sentence.startswith(named[0])
    assert named[1] in sentence


def test_lokomotives_ranges_are_fine_where_the_nodes_are_elsewhere() -> None:
    ranges = {"pod_cidr": "10.2.0.0/16", "service_cidr": "10.3.0.0/16", "node_networks": ["192.0.2.0/24"]}
    assert problems(GOOD | ranges) == []


def test_the_endpoint_is_not_among_the_pods() -> None:
    (sentence,) = problems(GOOD | {"endpoint": "172.26.0.9"})
    assert sentence == "endpoint is 172.26.0.9, inside pod_cidr 172.26.0.0/16; allowed are addresses outside"


@given(prefix=st.integers(8, 20), nodes=st.integers(1, 70_000))
def test_the_pods_range_has_room_for_every_node_or_is_refused(prefix: int, nodes: int) -> None:
    network = str(IPv4Network(("100.64.0.0", prefix), strict=False))
    sentences = problems(GOOD | {"pod_cidr": network, "control_planes": 1, "workers": nodes - 1})
    crowded = any("for every" in each or "because there are" in each for each in sentences)
    assert crowded == (nodes > 2 ** (24 - prefix))


@given(
    st.integers(0, 2**16 - 1).map(lambda n: IPv4Network(((172 << 24) + (n << 8), 24))),
    st.integers(12, 20),
    st.integers(12, 28),
)
def test_overlap_is_seen_whichever_range_is_the_larger(base: IPv4Network, pods: int, services: int) -> None:
    pod = IPv4Network((base.network_address, pods), strict=False)
    service = IPv4Network((base.network_address, services), strict=False)
    sentences = problems(GOOD | {"pod_cidr": str(pod), "service_cidr": str(service)})
    assert any(f"overlaps service_cidr {service}" in sentence for sentence in sentences)


ODD = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii"), max_size=20)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), ODD))
def test_nothing_makes_the_rules_fail(odd: dict[str, Any]) -> None:
    odd = {name: value for name, value in odd.items() if name not in ("node_networks", "supported_versions")}
    assert all(isinstance(sentence, str) for sentence in problems(GOOD | odd))


def test_the_filter_wants_a_dictionary() -> None:
    with pytest.raises(AnsibleFilterError, match="needs a dictionary, not list"):
        problems([])
