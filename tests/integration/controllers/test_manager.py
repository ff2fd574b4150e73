# SPDX-License-Identifier: GPL-3.0-or-later
"""How the cloud controller manager begins, leads and ends."""

from __future__ import annotations

import json
import signal
import time

from controlled import PATIENCE, Cluster, Manager, Site, eventually, loopback


def test_of_two_managers_one_leads_and_the_other_takes_over(
    cluster: Cluster, site: Site, manager: Manager
) -> None:
    manager.start()
    first = manager.last
    eventually(lambda: "leading as" in manager.log.read_text())
    manager.start()
    eventually(lambda: "waiting for the Lease" in manager.log.read_text())
    time.sleep(3)
    assert "leading as" not in manager.log.read_text()
    # It is killed, so its Lease has to run out.
    first.kill()
    began = time.monotonic()
    eventually(lambda: "leading as" in manager.log.read_text())
    assert time.monotonic() - began < PATIENCE / 3


def test_a_leader_that_ends_is_followed_at_once(cluster: Cluster, site: Site, manager: Manager) -> None:
    manager.start()
    first = manager.last
    eventually(lambda: "leading as" in manager.log.read_text())
    manager.start()
    eventually(lambda: "waiting for the Lease" in manager.log.read_text())
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    began = time.monotonic()
    eventually(lambda: "leading as" in manager.log.read_text())
    assert time.monotonic() - began < 6


def test_who_slept_too_long_leads_no_more(cluster: Cluster, site: Site, manager: Manager) -> None:
    manager.start()
    first, log = manager.last, manager.log
    eventually(lambda: "leading as" in log.read_text())
    manager.start()
    first.send_signal(signal.SIGSTOP)
    try:
        eventually(lambda: "leading as" in manager.log.read_text())
    finally:
        first.send_signal(signal.SIGCONT)
    assert first.wait(10) == 1
    assert "was not renewed in time" in log.read_text()


def test_settings_that_cannot_be_end_it_with_a_message(
    cluster: Cluster, site: Site, manager: Manager
) -> None:
    assert manager.refused(config={"apiKey": "secret", "projectID": "by name", "base-url": "http://x"}) == 2
    (line,) = manager.log.read_text().splitlines()
    assert "wanted is the id of a project" in json.loads(line)["message"]
    assert "secret" not in line


def test_a_token_that_is_no_good_is_said_and_nothing_is_changed(
    cluster: Cluster, site: Site, manager: Manager
) -> None:
    told = {"apiKey": "0" * 32, "projectID": site.project, "base-url": site.server.api_url}
    cluster.join("worker-1", loopback(1))
    manager.start(config=told)
    eventually(lambda: "is it one of this API's tokens?" in manager.log.read_text())
    assert cluster.node("worker-1") is not None
    assert "0" * 32 not in manager.log.read_text()


def test_it_serves_metrics_and_says_that_it_is_ready(cluster: Cluster, site: Site, manager: Manager) -> None:
    site.device("worker-1")
    cluster.join("worker-1", loopback(1))
    manager.start()
    cluster.initialised("worker-1")
    metrics = manager.metrics()
    assert metrics["controller_leader"] == 1
    assert metrics["cloud_nodes_initialised_total"] == 1
    assert metrics['packet_api_requests_total{method="GET",outcome="ok"}'] >= 1
