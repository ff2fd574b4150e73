# SPDX-License-Identifier: GPL-3.0-or-later
"""What users choose reaches Docker as a value, never as an option or as a part of a name."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from packetd.drivers import Address, Machine
from packetd.drivers.docker import container
from packetd.drivers.docker.names import Names
from packetd.model.addresses import NetworkPlan
from packetd.model.hostnames import is_hostname
from packetd.store.tables import new_id

PLAN = NetworkPlan(IPv4Network("100.64.0.0/25"), IPv4Network("100.64.0.128/25"), IPv4Network("10.0.0.0/24"))
PUBLIC = Address("100.64.0.2", "100.64.0.0/25", "100.64.0.1", 25, 4, True)


def options(id_: str, hostname: str, keys: tuple[str, ...] = ()) -> list[str]:
    machine = Machine(
        id=id_,
        hostname=hostname,
        plan="baremetal_0",
        operating_system="debian_12",
        metro="sv",
        addresses=(PUBLIC,),
        ssh_keys=keys,
        memory_mib=None,
        cpus=None,
    )
    return list(container.options(machine, Names("0" * 8), PLAN, "nameserver 100.64.0.1"))


@given(st.text(st.sampled_from("aZ09-._/=: \n\0$;`'\"{}%\u00e4"), max_size=20))
def test_a_hostname_has_nothing_that_docker_or_a_shell_reads(text: str) -> None:
    if is_hostname(text):
        assert text.isascii()
        assert not text.startswith("-")
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")


@given(hostname=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?", fullmatch=True), key=st.text(max_size=30))
def test_only_values_differ_between_hostnames(hostname: str, key: str) -> None:
    id_ = new_id()
    plain, other = options(id_, "plain"), options(id_, hostname, (key,))
    assert len(plain) == len(other)
    differing = [(plain[i - 1], b) for i, (a, b) in enumerate(zip(plain, other, strict=True)) if a != b]
    for option, value in differing:
        assert (option, value.partition("=")[0]) in {
            ("--hostname", hostname),
            ("--label", "packetd.hostname"),
            ("--env", "DEVICE_HOSTNAME"),
            ("--env", "DEVICE_SSH_KEYS"),
        }
    # The container's own name comes from ids alone.
    assert other[other.index("--name") + 1] == f"pk-{'0' * 8}-{id_[:8]}"
