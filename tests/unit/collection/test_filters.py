# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that spare users Jinja: providerIDs, versions beside each other, ranges apart."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.packet.kubernetes.plugins.filter.cidr_problems import cidr_problems
from ansible_collections.packet.kubernetes.plugins.filter.device_id import device_id
from ansible_collections.packet.kubernetes.plugins.filter.provider_id import provider_id
from ansible_collections.packet.kubernetes.plugins.filter.version_skew_problems import version_skew_problems
from hypothesis import given
from hypothesis import strategies as st

ID = "4d4e2f1e-7f1d-4fd4-9c60-94a0b5e9d0a1"


@given(st.uuids().map(str), st.sampled_from(["", "packet://", "equinixmetal://", "EquinixMetal://"]))
def test_every_form_of_a_provider_id_names_its_device(id_: str, scheme: str) -> None:
    assert device_id(scheme + id_) == id_
    assert provider_id(scheme + id_) == f"equinixmetal://{id_}"


@pytest.mark.parametrize(
    "value", ["", "worker-0", f"aws://{ID}", f"packet:/{ID}", f"{ID}/", f"packet://{ID}\n", None, 7]
)
def test_what_names_no_device_is_refused(value: Any) -> None:
    for filter_ in (device_id, provider_id):
        with pytest.raises(AnsibleFilterError, match="names no device; allowed are equinixmetal://<id>"):
            filter_(value)


@pytest.mark.parametrize(
    ("target", "control_planes", "kubelets"),
    [
        ("v1.36.3", [], []),
        ("v1.36.3", ["v1.36.3"], ["v1.36.3"]),
        ("v1.36.3", ["v1.35.4", "v1.36.3"], ["v1.35.4"]),
        ("v1.36.3", ["v1.36.0"], ["v1.33.0"]),
        ("1.36.3", ["1.35.4"], []),
        # Within a minor version, a kubelet of a later patch is nothing to mind.
        ("v1.36.3", ["v1.36.1"], ["v1.36.9"]),
    ],
)
def test_versions_that_may_follow(target: str, control_planes: list[str], kubelets: list[str]) -> None:
    assert version_skew_problems(target, control_planes, kubelets) == []


@pytest.mark.parametrize(
    ("target", "control_planes", "kubelets", "problem"),
    [
        ("v1.36.3", ["v1.34.0"], [], "more than one minor version after .* go to v1.35 first"),
        ("v1.36.3", ["v1.36.4"], [], "older than the control planes (v1.36.4); none goes back"),
        ("v1.35.4", ["v1.36.3"], [], "older than the control planes"),
        ("v1.36.3", ["v1.36.3", "v1.34.0"], [], "one minor version apart"),
        ("v1.36.3", ["v1.35.4"], ["v1.36.3"], "kubelets has v1.36.3, newer than the control planes"),
        (
            "v1.36.3",
            ["v1.35.4"],
            ["v1.32.9"],
            "kubelets has v1.32.9, more than 3 minor versions behind v1.36.3",
        ),
        ("1.36", [], [], "target is '1.36'; allowed are versions as v1.36.3"),
        ("v1.36.3", ["v1.36.3", None], [], "control_planes[1] is None"),
        ("v1.36.3", [], ["latest"], "kubelets[0] is 'latest'"),
    ],
)
def test_versions_that_may_not_follow(
    target: str, control_planes: list[Any], kubelets: list[Any], problem: str
) -> None:
    said = " | ".join(version_skew_problems(target, control_planes, kubelets))
    for part in problem.split(" .* "):
        assert part in said


minors = st.integers(30, 40).map(lambda minor: f"v1.{minor}.0")


@given(st.lists(minors, min_size=1), st.lists(minors))
def test_a_step_that_is_allowed_leads_to_versions_that_may_stay(
    servers: list[str], kubelets: list[str]
) -> None:
    target = max(servers)
    if not version_skew_problems(target, servers, kubelets):
        assert version_skew_problems(target, [target], kubelets) == []


@pytest.mark.parametrize("versions", ["v1.36.3", 7, None, {"v1.36.3": 1}])
def test_versions_must_be_lists(versions: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="kubelets must be a list"):
        version_skew_problems("v1.36.3", [], versions)


networks = st.sampled_from(
    ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16", "172.26.0.0/16", "fd00::/8", "fd00:1::/32", "::/0"]
)


@given(st.dictionaries(st.sampled_from("abcd"), networks))
def test_there_is_a_sentence_for_each_two_ranges_that_overlap(ranges: dict[str, str]) -> None:
    parsed = {name: ip_network(text) for name, text in ranges.items()}
    pairs = [
        (one, other)
        for one in parsed
        for other in parsed
        if one < other
        and parsed[one].version == parsed[other].version
        and parsed[one].overlaps(parsed[other])  # type: ignore[arg-type]  # of one version
    ]
    said = cidr_problems(ranges)
    assert len(said) == len(pairs)
    assert all(
        any(text.startswith(one) and f"overlaps {other} " in text for text in said) for one, other in pairs
    )


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "office", "", None, 7])
def test_a_malformed_range_is_named(text: Any) -> None:
    problems = cidr_problems({"office": text, "pods": "172.26.0.0/16"})
    if text == 7:
        # A number read as text is no address either.
        assert problems
    assert problems[0].startswith(f"office is {text!r}, which is no range")


def test_ranges_must_have_names() -> None:
    with pytest.raises(AnsibleFilterError, match="needs a dictionary, not list"):
        cidr_problems(["10.0.0.0/8"])
