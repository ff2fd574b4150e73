# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of the docker driver are machines: they boot, keep their disk, and lose it at reinstallation."""

from __future__ import annotations

import pytest
from docker_site import Site, until

from packetd.drivers import DriverError, Machine
from packetd.drivers.docker import DockerDriver


def test_user_data_runs_before_the_device_is_active(site: Site, one: str, two: str) -> None:
    assert site.host(one).output("cat /root/user-data") == "by-script"
    assert site.host(two).output("cat /root/user-data /root/run-command") == "by-cloud-config" * 2


def test_the_device_has_the_identity_the_api_gave_it(site: Site, one: str) -> None:
    host = site.host(one)
    assert host.output("cat /etc/machine-id") == one.replace("-", "")
    assert host.output("hostname") == "one"
    assert host.output("curl -sf http://metadata.platformequinix.com/metadata").startswith("{")
    assert one in host.output("curl -sf http://metadata.packet.net/metadata")
    assert host.output("systemctl is-system-running --wait") == "running"


def test_both_addresses_are_on_the_bond(site: Site, one: str, two: str) -> None:
    host = site.host(one)
    shown = host.output("ip -4 -brief address show dev bond0")
    assert f"{site.address(one, public=True)}/" in shown
    assert f"{site.address(one, public=False)}/" in shown
    host.output(f"ping -c 1 -W 1 {site.address(two, public=False)}")


def test_power_off_and_on_keeps_disk_and_host_key(site: Site, one: str) -> None:
    host = site.host(one)
    key = host.host_key()
    site.act(one, "power_off", "inactive")
    assert not host.answers()
    site.act(one, "power_on", "active")
    until(host.answers, "ssh after power on")
    assert host.host_key() == key
    assert host.output("cat /root/user-data") == "by-script"


def test_reboot_keeps_disk_addresses_and_identity(site: Site, one: str) -> None:
    host = site.host(one)
    key, identity = host.host_key(), host.output("cat /etc/machine-id")
    host.output("touch /run/before-the-reboot")
    site.act(one, "reboot", "active")
    until(lambda: host.ssh("test ! -e /run/before-the-reboot").returncode == 0, "ssh after reboot")
    assert (host.host_key(), host.output("cat /etc/machine-id")) == (key, identity)
    assert host.output("cat /root/user-data") == "by-script"
    assert site.address(one, public=False) in host.output("ip -4 address show dev bond0")


def test_a_reboot_from_within_comes_back(site: Site, two: str) -> None:
    host = site.host(two)
    host.output("touch /run/before-the-reboot")
    host.ssh("systemctl reboot")
    until(lambda: host.ssh("test ! -e /run/before-the-reboot").returncode == 0, "ssh after reboot")


def test_reinstallation_gives_a_fresh_disk_at_the_same_address(site: Site, two: str) -> None:
    host = site.host(two)
    key = host.host_key()
    host.output("touch /root/of-the-old-disk")
    site.act(two, "reinstall", "active")
    assert site.host(two).address == host.address
    assert host.host_key() != key
    assert host.ssh("test -e /root/of-the-old-disk").returncode != 0
    assert host.output("cat /root/user-data") == "by-cloud-config"


def test_devices_outlive_a_crash_of_packetd_and_are_made_once(site: Site) -> None:
    device = site.order("three", "")
    site.server.kill()
    site.server.start()
    site.wait_for(device, "active")
    assert site.host(device).output("hostname") == "three"
    site.api("DELETE", f"/devices/{device}")
    until(lambda: site.server.call("GET", f"/devices/{device}")[0] == 404, "deletion")


def test_a_system_without_an_image_is_refused_with_the_remedy(site: Site) -> None:
    machine = Machine("0" * 32, "none", "p", "plan_9", "am", (), (), None, None)
    with pytest.raises(DriverError, match=r"plan_9.*debian_12"):
        DockerDriver(site.server.state).reinstall(machine)


def test_a_daemon_that_does_not_answer_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(DriverError, match="remedy: systemctl start docker") as caught:
        DockerDriver(site.server.state).start()
    assert caught.value.retryable
