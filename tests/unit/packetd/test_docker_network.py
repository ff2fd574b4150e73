# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of a network for devices: never what somebody uses."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packetd.drivers import DriverError
from packetd.drivers.docker.names import Names
from packetd.drivers.docker.network import RESERVED, choose

_WHOLE = tuple(map(IPv4Network, ("100.64.0.0/10", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


@st.composite
def networks(draw: st.DrawFn) -> IPv4Network:
    """A network at least half the time in a range that is searched."""
    whole = draw(st.sampled_from((IPv4Network("100.64.0.0/10"), *_WHOLE)))
    prefix = draw(st.integers(max(whole.prefixlen, 9), 32))
    number = draw(st.integers(0, (1 << (prefix - whole.prefixlen)) - 1))
    return IPv4Network((int(whole.network_address) + (number << (32 - prefix)), prefix))


shorts = st.integers(0, 2**32 - 1).map("{:08x}".format)


@given(taken=st.lists(networks(), max_size=12), short=shorts)
def test_the_ranges_overlap_nothing_taken_nor_each_other(taken: list[IPv4Network], short: str) -> None:
    plan = choose(taken, Names(short))
    ranges = (plan.public, plan.elastic, plan.private)
    assert [network.prefixlen for network in ranges] == [25, 25, 24]
    assert plan.public.supernet() == plan.elastic.supernet()
    assert not plan.public.overlaps(plan.elastic)
    for network in ranges:
        assert not any(network.overlaps(other) for other in (*taken, *RESERVED))
    assert plan.private.is_private
    assert plan.gateway in plan.public
    assert plan == choose(taken, Names(short))


def test_documentation_ranges_are_left_alone_because_networks_have_been_built_on_them() -> None:
    for short in ("00000000", "80000000", "ffffffff"):
        assert choose([], Names(short)).public.subnet_of(IPv4Network("100.64.0.0/10"))


def test_two_states_begin_their_search_at_different_places() -> None:
    plans = [choose([], Names(short)) for short in ("00000001", "00000002")]
    assert not plans[0].private.overlaps(plans[1].private)


@pytest.mark.parametrize("taken", [_WHOLE, [IPv4Network("0.0.0.0/0")]])
def test_a_host_with_routes_to_everything_is_told_so(taken: list[IPv4Network]) -> None:
    with pytest.raises(DriverError, match="no free /24"):
        choose(taken, Names("00000000"))


def test_names_differ_with_the_directory_and_fit_an_interface(tmp_path: Path) -> None:
    one, two = Names.of(tmp_path / "one"), Names.of(tmp_path / "two")
    assert one != two
    assert len(one.network) <= 15
    (tmp_path / "link").symlink_to(tmp_path / "one")
    assert Names.of(tmp_path / "link") == one
