# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster for all tests of a process; a packetd and managers for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from control_plane import free_port, serve
from controlled import Cluster, Manager, Site
from packetd_process import Packetd

from playbooks import cluster_tasks, succeed


@pytest.fixture(scope="session")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    port = free_port()
    succeed(folder, cluster_tasks(folder / "pki", f"https://127.0.0.1:{port}"))
    with serve(folder, folder / "pki", port):
        yield Cluster(folder / "pki" / "admin.conf")


@pytest.fixture
def cluster(_served: Cluster) -> Iterator[Cluster]:
    """A cluster with nothing in it."""
    yield _served
    _served.clear()


@pytest.fixture
def site(packetd: Packetd) -> Site:
    """A packetd with a project."""
    return Site(packetd)


@pytest.fixture
def manager(tmp_path: Path, cluster: Cluster, site: Site) -> Iterator[Manager]:
    """Managers of this cluster; none runs until it is started."""
    managers = Manager(tmp_path, cluster, site)
    yield managers
    managers.stop()
