# SPDX-License-Identifier: GPL-3.0-or-later
"""Free addresses and blocks are free, fit, and are found as long as there are any."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packetd.model.addresses import Address, ExhaustedError, NetworkPlan, choose_free, free_block, free_hosts

POOL = IPv4Network("198.51.100.128/25")
PUBLIC = IPv4Network("198.51.100.0/27")
prefixes = st.integers(28, 32)


@given(taken=st.sets(st.integers(2, 30)), count=st.integers(0, 31))
def test_hosts_are_free_and_never_the_networks_own(taken: set[int], count: int) -> None:
    used: set[Address] = {PUBLIC[number] for number in taken}
    usable = {PUBLIC[number] for number in range(2, 31) if number not in taken}
    if count > len(usable):
        with pytest.raises(ExhaustedError, match=f"{len(usable)} free"):
            free_hosts(PUBLIC, len(used), count, used.intersection)
        return
    found = free_hosts(PUBLIC, len(used), count, used.intersection)
    assert len(set(found)) == count
    assert usable.issuperset(found)
    # As few addresses as possible are ever used, so those given back come into use again.
    assert all(int(address) < int(PUBLIC[2]) + len(used) + count for address in found)


def test_one_look_finds_hosts_in_a_network_of_any_size() -> None:
    network = IPv6Network("100::/80")
    held = 100_000
    looks = []

    def taken(addresses: list[Address]) -> set[Address]:
        looks.append(addresses)
        return {address for address in addresses if int(address) < int(network[2]) + held}

    assert free_hosts(network, held, 3, taken) == [network[held + 2 + number] for number in range(3)]
    assert len(looks) == 1


@given(st.lists(prefixes, max_size=40))
def test_blocks_never_overlap_and_the_pool_fills_up(wanted: list[int]) -> None:
    taken: list[IPv4Network] = []
    for prefix in wanted:
        try:
            block = free_block(POOL, taken, prefix)
        except ExhaustedError:
            assert all(
                any(candidate.overlaps(other) for other in taken)
                for candidate in POOL.subnets(new_prefix=prefix)
            )
            continue
        assert block.subnet_of(POOL)
        assert block.prefixlen == prefix
        assert not any(block.overlaps(other) for other in taken)
        taken.append(block)


@given(st.lists(prefixes, min_size=1, max_size=20), st.data())
def test_a_released_block_is_given_again(wanted: list[int], data: st.DataObject) -> None:
    taken: list[IPv4Network] = []
    for prefix in wanted:
        try:
            taken.append(free_block(POOL, taken, prefix))
        except ExhaustedError:
            break
    released = data.draw(st.sampled_from(taken))
    rest = [block for block in taken if block != released]
    assert free_block(POOL, rest, released.prefixlen) <= released


def test_a_pool_gives_nothing_larger_than_itself() -> None:
    with pytest.raises(ExhaustedError):
        free_block(POOL, [], 24)


def test_the_first_network_that_nobody_uses() -> None:
    candidates = list(IPv4Network("100.64.0.0/10").subnets(new_prefix=12))
    assert choose_free(candidates, [IPv4Network("100.64.5.0/24")]) == IPv4Network("100.80.0.0/12")
    with pytest.raises(ExhaustedError):
        choose_free(candidates, [IPv4Network("100.0.0.0/8")])


def test_gateways_are_the_first_hosts() -> None:
    plan = NetworkPlan(public=PUBLIC, elastic=POOL, private=IPv4Network("10.99.0.0/24"))
    assert (str(plan.gateway), str(plan.private_gateway)) == ("198.51.100.1", "10.99.0.1")
