# SPDX-License-Identifier: GPL-3.0-or-later
"""From a bare machine to a verified cluster; each step looks first and does only what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lab import dockerd, inventory, prerequisites, servers
from lab.failure import LabError
from lab.state import CHECKOUT, State, cache


@dataclass(frozen=True)
class Wanted:
    """The cluster that is asked for."""

    control_planes: int = 1
    workers: int = 2
    kubernetes: str = "v1.36.3"


@dataclass
class Steps:
    """Says what is being done, and at the end how long each step took."""

    total: int
    taken: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announces a step and measures it."""
        print(f"\n=== [{len(self.taken) + 1}/{self.total}] {title}", flush=True)
        start = time.monotonic()
        yield
        self.taken.append((title, time.monotonic() - start))

    def report(self) -> None:
        """Prints the seconds of each step."""
        print("\nHow long it took:")
        for title, seconds in self.taken:
            print(f"  {title:<44}{seconds:8.1f} s")
        print(f"  {'all':<44}{sum(seconds for _title, seconds in self.taken):8.1f} s")


def ground(kubernetes: str, steps: Steps | None = None) -> None:
    """What any cluster of this machine needs beneath it. Raises LabError."""
    steps = steps or Steps(total=4)
    with steps.step("Packages of the operating system"):
        prerequisites.install()
    with steps.step("Docker"):
        dockerd.ensure_running(print)
    with steps.step("Image of the devices"):
        _run("packetd", "image", "build")
    with steps.step(f"Mirror: what Kubernetes {kubernetes} is made of"):
        _run("kube-mirror", "build", "--store", str(cache() / "mirror"), "--kubernetes", kubernetes)


def serve(wanted: Wanted, steps: Steps | None = None) -> State:
    """A packetd and a mirror that run, and the inventory of a cluster to be made. Raises LabError."""
    state = State.of_environment()
    steps = steps or Steps(total=5)
    ground(wanted.kubernetes, steps)
    with steps.step("Servers: packetd and the mirror"):
        servers.start(state)
        inventory.write(state, wanted.control_planes, wanted.workers, wanted.kubernetes)
    return state


def up(wanted: Wanted) -> None:
    """A verified cluster. Raises LabError."""
    steps = Steps(total=6)
    state = serve(wanted, steps)
    with steps.step(f"Cluster: {wanted.control_planes} control plane(s), {wanted.workers} worker(s)"):
        site(state)
        keep_kubectl(state, wanted.kubernetes)
    _report(state, steps)


def site(state: State) -> None:
    """Runs site.yml on the lab's inventory. Raises LabError."""
    _run(
        "ansible-playbook", "-i", str(state.inventory), str(CHECKOUT / "playbooks" / "site.yml"),
        environment=servers.environment(state),
    )  # fmt: skip


def _run(program: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
    """Runs a program of the same virtual environment; its output is the progress that the user sees."""
    command = [servers.program(program), *arguments]
    result = subprocess.run(command, cwd=CHECKOUT, env=os.environ | (environment or {}))
    if result.returncode != 0:
        raise LabError(f"{program} ended with {result.returncode}; what it said is above")


def keep_kubectl(state: State, kubernetes: str) -> None:
    """Has the mirror's kubectl of this version in the lab's own folder."""
    source = cache() / "mirror" / "files" / kubernetes / "bin" / "linux" / "amd64" / "kubectl"
    if state.kubectl.exists() and state.kubectl.stat().st_mtime == source.stat().st_mtime:
        return
    state.kubectl.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, state.kubectl)


def _report(state: State, steps: Steps) -> None:
    nodes = subprocess.run(
        [str(state.kubectl), "--kubeconfig", str(state.kubeconfig), "get", "nodes", "-o", "wide"],
        capture_output=True, text=True,
    )  # fmt: skip
    if nodes.returncode != 0:
        raise LabError(f"the cluster was verified but does not answer now: {nodes.stderr.strip()}")
    steps.report()
    print(f"\n{nodes.stdout}")
    print(f"kubeconfig: {state.kubeconfig}")
    print("Copy this line to use it:\n")
    print(
        f'  export KUBECONFIG={state.kubeconfig} PATH="{state.kubectl.parent}:$PATH"; kubectl get pods -A\n'
    )
