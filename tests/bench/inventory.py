# SPDX-License-Identifier: GPL-3.0-or-later
"""How long ansible-inventory takes for a thousand devices, beside a static file with the same hosts.

The inventory plugin is run cold (it asks a packetd, record driver) and warm (from its cache), the static file
in INI and in YAML by Ansible's own plugins, and the warm plugin once more with three keyed groups by Jinja,
which say what the groups that are set in Python would cost otherwise. All run by turns, so that noise falls
on all; what counts is the median. Prints a table; exits with 1 when a target is missed.

    make bench-inventory
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

sys.path.extend(str(Path(__file__).parents[1] / part) for part in ("integration", "integration/collection"))
from ansible_runs import Ansible
from packetd_process import Packetd

MACHINES = 1000
TARGETS = {"cold": 2.0, "warm": 1.125}
"""In times of the static file in INI: 1.6 and 0.9 seconds where that takes 0.8."""
KEYED = [
    {"key": "packet_plan", "prefix": "plan"},
    {"key": "packet_metro", "prefix": "place"},
    {"key": "packet_tags", "prefix": "own"},
]


def fill(server: Packetd) -> None:
    """A project with so many devices, all active."""
    _, project = server.call("POST", "/projects", {"name": "bench"})
    path = f"/projects/{project['id']}/devices"
    order = {
        "hostname": "node-{{index}}",
        "plan": "c3.small.x86",
        "operating_system": "debian_12",
        "metro": "sv",
        "tags": ["cluster=blue", "role=worker", "pool=fast"],
        "quantity": MACHINES,
    }
    status, answer = server.call("POST", f"{path}/batch", {"batches": [order]})
    assert status == 201, answer
    unfinished = f"{path}?state=queued,provisioning&per_page=1"
    server.wait(unfinished, lambda _status, page: page["meta"]["total"] == 0, 600)


def sources(folder: Path, ansible: Ansible) -> dict[str, Path]:
    """The inventories to be listed, by what the table calls them; what is warm is made warm."""
    cached = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(folder / "cache"),
    }
    options: dict[str, dict[str, Any]] = {
        "cold": {},
        "warm": cached,
        "keyed": {**cached, "keyed_groups": KEYED},
    }
    files = {name: folder / f"{name}.packet.yml" for name in options}
    for name, file in files.items():
        file.write_text(
            yaml.safe_dump({"plugin": "packet.kubernetes.packet", "projects": ["bench"], **options[name]})
        )
        run(ansible, file)
    listed, _ = ansible.inventory({"projects": ["bench"]})
    groups = {name: dict.fromkeys(group["hosts"]) for name, group in listed.items() if "hosts" in group}
    variables = listed["_meta"]["hostvars"]
    static = {"static, INI": folder / "static.ini", "static, YAML": folder / "static.yml"}
    static["static, INI"].write_text(in_ini(variables, groups))
    written = {name: {"hosts": hosts} for name, hosts in groups.items()}
    static["static, YAML"].write_text(yaml.safe_dump({"all": {"hosts": variables}, **written}))
    return {**files, **static}


def in_ini(variables: dict[str, dict[str, Any]], groups: dict[str, dict[str, None]]) -> str:
    """The hosts with their variables, and the groups; Ansible reads the values as Python's."""
    hosts = [
        " ".join([host, *(f"{name}='{json.dumps(str(value))}'" for name, value in own.items())])
        for host, own in variables.items()
    ]
    return "\n".join(
        [*hosts, *(f"\n[{name}]\n" + "\n".join(members) for name, members in groups.items()), ""]
    )


def run(ansible: Ansible, source: Path) -> float:
    """Seconds of one ansible-inventory --list; ends the benchmark where it fails or lacks hosts."""
    began = time.perf_counter()
    done = subprocess.run(
        ["ansible-inventory", "--list", "-i", str(source)],
        env=ansible.environment,
        capture_output=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0 or done.stdout.count(b'"packet_id"') != MACHINES:
        sys.exit(f"{source.name}: {done.stderr.decode()}")
    return seconds


def measured(rounds: int) -> dict[str, float]:
    """The median of each, by turns."""
    with tempfile.TemporaryDirectory(prefix="inventory-bench-") as name:
        folder = Path(name)
        server = Packetd(folder / "packetd")
        server.start()
        try:
            fill(server)
            environment = {"PACKET_API_URL": server.api_url, "PACKET_API_TOKEN": server.token}
            ansible = Ansible(folder, environment)
            files = sources(folder, ansible)
            times: dict[str, list[float]] = {what: [] for what in files}
            for _round in range(rounds):
                for what, file in files.items():
                    times[what].append(run(ansible, file))
        finally:
            server.stop()
    return {what: statistics.median(each) for what, each in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    medians = measured(parser.parse_args().rounds)
    beside = medians["static, INI"]
    print(f"{MACHINES} devices\tseconds\tin times of static\ttarget")
    for what, seconds in medians.items():
        target = TARGETS.get(what)
        ratio = seconds / beside
        verdict = "" if target is None else f"<= {target:g}\t{'ok' if ratio <= target else 'MISSED'}"
        print(f"{what}\t{seconds:.2f}\t{ratio:.2f}\t{verdict}")
    print(
        f"three keyed groups by Jinja: {medians['keyed'] / medians['warm']:.2f} times as long as warm without"
    )
    return 0 if all(medians[what] <= target * beside for what, target in TARGETS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
