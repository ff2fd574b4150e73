# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices' network: elastic addresses move between devices, and nothing leaves it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest
from docker_site import Outside, Site, output, until

from packetd.drivers.docker import DockerDriver


@pytest.fixture
def elastic(site: Site) -> Iterator[str]:
    """A reserved address."""
    reservation, address = site.reserve()
    yield address
    site.api("DELETE", f"/ips/{reservation}")


def test_an_elastic_address_answers_everywhere_and_moves(
    site: Site, one: str, two: str, elastic: str
) -> None:
    first, second = site.host(one), site.host(two)
    for host in (first, second):
        host.output(f"ip address replace {elastic}/32 dev lo")

    given = site.api("POST", f"/devices/{one}/ips", {"address": f"{elastic}/32"})
    until(lambda: first.ssh("true", at=elastic).returncode == 0, "the route")
    assert first.output("hostname", at=elastic) == "one"
    second.output(f"ip address delete {elastic}/32 dev lo")
    second.output(f"timeout 2 bash -c 'head -c 3 < /dev/tcp/{elastic}/22'")

    site.api("DELETE", f"/ips/{given['id']}")
    second.output(f"ip address replace {elastic}/32 dev lo")
    moved = site.api("POST", f"/devices/{two}/ips", {"address": f"{elastic}/32"})
    until(lambda: second.ssh("hostname", at=elastic).stdout.strip() == "two", "the new route")
    first.output(f"ip address delete {elastic}/32 dev lo")
    first.output(f"timeout 2 bash -c 'head -c 3 < /dev/tcp/{elastic}/22'")

    site.api("DELETE", f"/ips/{moved['id']}")
    second.output(f"ip address delete {elastic}/32 dev lo")
    until(lambda: not output("ip", "route", "show", "exact", f"{elastic}/32"), "the end of the route")
    assert subprocess.run(["ip", "route", "get", elastic], capture_output=True, check=False).returncode != 0


def test_nothing_leaves_the_network_and_nothing_enters(site: Site, one: str, outside: Outside) -> None:
    host, driver = site.host(one), DockerDriver(site.server.state)
    to, port = outside.address, "/dev/udp/{}/53"
    for attempt in (
        f"curl -s -m 2 {outside.url}",
        f"ping -c 1 -W 1 {to}",
        f"bash -c 'echo x > {port.format(to)} && sleep 0.1 && echo x > {port.format(to)}'",
    ):
        rejected = driver.counters().rejected_out
        host.ssh(attempt)
        assert driver.counters().rejected_out > rejected, attempt
    assert not outside.reaches(host.address)
    counters = driver.counters()
    assert (counters.passed_out, counters.passed_in) == (0, 0)


def test_with_egress_devices_go_out_in_the_hosts_name_and_nothing_enters(
    open_site: Site, outside: Outside
) -> None:
    device = open_site.order("open", "")
    open_site.wait_for(device, "active")
    host, driver = open_site.host(device), DockerDriver(open_site.server.state)
    host.output(f"curl -sf -m 5 {outside.url}")
    assert outside.log.read_text().splitlines()[-1].startswith(f"{outside.host} ")
    before = driver.counters()
    assert before.passed_out > 0
    assert not outside.reaches(host.address)
    assert driver.counters().rejected_in > before.rejected_in


def test_the_host_answers_at_the_gateway_only(site: Site, one: str) -> None:
    host, driver = site.host(one), DockerDriver(site.server.state)
    others = [
        address["local"]
        for link in json.loads(output("ip", "-4", "-json", "address", "show", "scope", "global"))
        for address in link["addr_info"]
        if link["ifname"] != site.names.network
    ]
    before = driver.counters()
    for address in others:
        assert host.ssh(f"ping -c 1 -W 1 {address}").returncode != 0
    assert driver.counters().rejected_host >= before.rejected_host + len(others)
    gateway = host.output("ip -4 route show default").split()[2]
    host.output(f"ping -c 1 -W 1 {gateway}")


def test_names_are_refused_at_once_and_no_resolver_asks_for_the_device(site: Site, one: str) -> None:
    host = site.host(one)
    begin = time.monotonic()
    assert host.ssh("getent hosts one.example.net").returncode == 2
    assert host.ssh("curl -s -m 5 http://two.example.net").returncode == 6
    assert time.monotonic() - begin < 3
    assert host.output("nft list ruleset") == ""
    assert "127.0.0.11" not in host.output("cat /etc/resolv.conf")
