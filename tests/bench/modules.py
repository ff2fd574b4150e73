# SPDX-License-Identifier: GPL-3.0-or-later
"""How long modules take, beside what cannot be spared.

A hundred devices are made by one task of ansible-playbook, and for another project by one batch that is sent
to the same packetd (record driver) and waited for with the lightest request there is. The same task is then
run again and finds nothing to do. Modules that end with the check of their options, which is all that
starting takes, run beside one of Ansible's own, in seconds of the processor. All by turns, so that noise
falls on all; what counts is the median. Prints a table; exits with 1 when a target is missed.

    make bench-modules
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.extend(
    str(Path(__file__).parents[1] / part)
    for part in ("integration", "integration/collection", "unit/collection")
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device import Devices
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.client import Client
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.connection import Connection
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import reconcile_all
from ansible_runs import Ansible, task
from packet_options import options
from packetd_process import Packetd

MACHINES = 100
NAMES = [f"node-{number}" for number in range(MACHINES)]
ORDER = {"plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}
BARE = "ansible.modules.ping"
STARTED = ("vlan", "device_info", "ip_assignment", "ca", "certificate", "bootstrap_token")
"""One of each family: what it takes of the collection to be started differs."""

Times = dict[str, list[float]]


@dataclass(frozen=True)
class Row:
    """A line of the table; `target` is a maximum, None for what others are measured by."""

    what: str
    value: float
    unit: str
    target: float | None = None

    @property
    def good(self) -> bool:
        return self.target is None or self.value <= self.target

    def __str__(self) -> str:
        limit = "" if self.target is None else f"<= {self.target:g}\t{'ok' if self.good else 'MISSED'}"
        return f"{self.what}\t{self.value:.3g} {self.unit}\t{limit}"


class Counting(Client):
    """Keeps what it is asked for."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.calls: list[str] = []

    def call_api(self, method: str, type: str = "GET", params: Any = None) -> Any:  # noqa: A002 as in Client
        self.calls.append(f"{type} {method}")
        return super().call_api(method, type, params)


class Site:
    """A packetd, and Ansible in a folder."""

    def __init__(self, folder: Path, server: Packetd) -> None:
        self.server = server
        self.ansible = Ansible(folder, {"PACKET_API_URL": server.api_url, "PACKET_API_TOKEN": server.token})

    def project(self, name: str) -> str:
        """A new project; the path of its devices."""
        _, project = self.server.call("POST", "/projects", {"name": name})
        return f"/projects/{project['id']}/devices"

    def batch(self, name: str) -> float:
        """Seconds that the server takes for a batch, until the last device is active."""
        path = self.project(name)
        entry = {**ORDER, "hostnames": NAMES, "quantity": MACHINES}
        unfinished = f"{path}?state=queued,provisioning&per_page=1"
        with clock() as seconds:
            status, answer = self.server.call("POST", f"{path}/batch", {"batches": [entry]})
            assert status == 201, answer
            self.server.wait(unfinished, lambda _status, page: page["meta"]["total"] == 0, 600)
        return seconds[0]

    def given(self, name: str) -> dict[str, Any]:
        """The options of the task."""
        return {"project": name, "devices": [{"hostname": hostname} for hostname in NAMES], **ORDER}

    def task(self, name: str, *, changed: bool) -> float:
        """Seconds that ansible-playbook takes for the task alone."""
        process = self.ansible.start([task("device", **self.given(name))])
        stdout, stderr = process.communicate(timeout=600)
        assert process.returncode == 0, stdout + stderr
        (ran,) = json.loads(stdout)["plays"][0]["tasks"]
        assert ran["hosts"]["localhost"]["changed"] is changed, ran
        began, ended = (datetime.fromisoformat(ran["task"]["duration"][side]) for side in ("start", "end"))
        return (ended - began).total_seconds()

    def again(self, name: str) -> tuple[float, list[str]]:
        """Seconds that the work of the task takes where nothing is to do, and its requests."""
        params = options(
            Devices.options, api_url=self.server.api_url, api_token=self.server.token, **self.given(name)
        )
        client = Counting(Connection.from_params(params))
        # As a process that has made a connection before: only what this task is about counts.
        client.call_api("user")
        client.calls.clear()
        with clock() as seconds:
            devices = Devices(client, params)
            assert not reconcile_all(devices, devices.wanted(), dry_run=False).changed
        return seconds[0], client.calls


@contextmanager
def clock() -> Iterator[list[float]]:
    """Gives a list that has the seconds once the block is left."""
    seconds: list[float] = []
    began = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - began)


def started(module: str) -> float:
    """Seconds of the processor that a module takes that is told nothing of use, as it waits for nothing; ends
    the benchmark where it does not run."""
    before = spent()
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {"no_such_option": 1}}),
        capture_output=True,
        text=True,
        check=False,
    )
    if '"failed": true' not in done.stdout:
        sys.exit(f"{module}: {done.stdout}{done.stderr}")
    return spent() - before


def spent() -> float:
    """Seconds of the processor that processes took which we have started and which have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(site: Site, rounds: int) -> tuple[dict[str, float], list[str]]:
    """The median of each, by turns, and the requests of the task that has nothing to do."""
    times: Times = {}

    def note(what: str, seconds: float) -> None:
        times.setdefault(what, []).append(seconds)

    calls: list[str] = []
    for number in range(rounds):
        note("batch", site.batch(f"server-{number}"))
        name = f"task-{number}"
        site.project(name)
        note("create", site.task(name, changed=True))
        note("no-op", site.task(name, changed=False))
        seconds, calls = site.again(name)
        note("no-op itself", seconds)
        for module in STARTED:
            note(module, started(f"ansible_collections.packet.kubernetes.plugins.modules.{module}"))
        note("bare", started(BARE))
    return {what: statistics.median(each) for what, each in times.items()}, calls


def rows(medians: dict[str, float], calls: list[str]) -> list[Row]:
    lists = [call for call in calls if call.endswith("/devices")]
    slowest = max(STARTED, key=lambda module: medians[module])
    return [
        Row(f"a batch of {MACHINES}, the server itself", medians["batch"], "s"),
        Row(f"{MACHINES} devices by one task", medians["create"], "s"),
        Row("  in proportion", medians["create"] / medians["batch"], "times", 1.3),
        Row("the task again, nothing to do", medians["no-op"], "s", 1.0),
        Row("  without Ansible around it", medians["no-op itself"], "s"),
        Row("  lists of devices", len(lists), f"of {len(calls)} requests", 1),
        Row("a module of Ansible's started", medians["bare"], "s"),
        Row(f"ours at the slowest ({slowest})", medians[slowest], "s", 0.25),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    with tempfile.TemporaryDirectory(prefix="modules-bench-") as name:
        folder = Path(name)
        server = Packetd(folder / "packetd")
        server.start()
        try:
            table = rows(*measured(Site(folder, server), parser.parse_args().rounds))
        finally:
            server.stop()
    for row in table:
        print(row)
    return 0 if all(row.good for row in table) else 1


if __name__ == "__main__":
    sys.exit(main())
