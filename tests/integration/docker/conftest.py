# SPDX-License-Identifier: GPL-3.0-or-later
"""A packetd with two devices that all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_site import CLOUD_CONFIG, SCRIPT, Outside, Site

from lab import dockerd
from packetd.drivers.docker import image


@pytest.fixture(scope="session")
def docker() -> None:
    """A daemon that runs, with the image of devices; left as it is, for others share it."""
    dockerd.ensure_running()
    image.build()


@pytest.fixture(scope="session")
def site(docker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The one that the tests share; each leaves its devices active."""
    yield from _site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def own_site(docker: None, tmp_path: Path) -> Iterator[Site]:
    """One without devices, for a test that takes it down."""
    yield from _site(tmp_path)


@pytest.fixture
def open_site(docker: None, tmp_path: Path) -> Iterator[Site]:
    """One whose devices may reach what the host reaches."""
    yield from _site(tmp_path, "--egress")


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """A machine beyond the host, which never is a real one."""
    outside = Outside(tmp_path_factory.mktemp("outside") / "log")
    try:
        outside.start()
        yield outside
    finally:
        outside.stop()


def _site(directory: Path, *options: str) -> Iterator[Site]:
    site = Site(directory, *options)
    try:
        site.start()
        yield site
    finally:
        site.destroy()


@pytest.fixture(scope="session")
def devices(site: Site) -> tuple[str, str]:
    """Two devices, made at the same time: one with a script as user data, one with a cloud-config."""
    one, two = site.order("one", SCRIPT), site.order("two", CLOUD_CONFIG)
    for device in (one, two):
        site.wait_for(device, "active")
    return one, two


@pytest.fixture
def one(devices: tuple[str, str]) -> str:
    return devices[0]


@pytest.fixture
def two(devices: tuple[str, str]) -> str:
    return devices[1]
