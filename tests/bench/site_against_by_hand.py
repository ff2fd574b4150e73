# SPDX-License-Identifier: GPL-3.0-or-later
"""How long site.yml takes for one control plane and two workers, against the same steps by hand.

Both start with image and mirror present and no device, and end with a verified cluster. They run by turns on
the same machine, so that its noise falls on both; what counts is the ratio of the medians (at most 1.5).

    make bench
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab import dockerd, servers
from lab.state import CHECKOUT, State, cache
from packetd.drivers.docker import image

BIN = Path(sys.executable).parent
STORE = cache() / "mirror"
BY_HAND = CHECKOUT / "tests" / "bench" / "by_hand.sh"
MANIFESTS = {
    "flannel.yml": "roles/network/templates/flannel.yml.j2",
    "local-path.yml": "roles/storage/templates/local-path.yml.j2",
    "workload.yml": "roles/verify/templates/workload.yml.j2",
}


def site(folder: Path) -> float:
    """Seconds of site.yml in a new lab."""
    state = State(folder / "lab")
    environment = os.environ | {"PACKET_STATE": str(state.root)}
    run([str(BIN / "python"), "-m", "lab", "serve"], environment)
    try:
        environment |= servers.environment(state)
        render_manifests(state, folder, environment)
        start = time.monotonic()
        command = [str(BIN / "ansible-playbook"), "-i", str(state.inventory), "playbooks/site.yml"]
        print(run(command, environment).partition("PHASES")[2])
        return time.monotonic() - start
    finally:
        run([str(BIN / "python"), "-m", "lab", "down"], environment)


def render_manifests(state: State, folder: Path, environment: dict[str, str]) -> None:
    """Writes the roles' manifests as files, for the one who works by hand."""
    hosts = folder / "hosts.yml"
    hosts.write_text(
        "kube_control_plane: {hosts: {control-plane-0: }}\nkube_node: {hosts: {worker-0: , worker-1: }}\n"
    )
    for name, source in MANIFESTS.items():
        variables = [CHECKOUT / "roles" / role / "vars" / "main.yml" for role in ("kubernetes", "verify")]
        run(
            [
                *(str(BIN / "ansible"), "-i", str(state.inventory), "-i", str(hosts), "localhost"),
                *(
                    "-c",
                    "local",
                    "-m",
                    "ansible.builtin.template",
                    "-a",
                    f"src={source} dest={folder / name}",
                ),
                *(argument for path in variables for argument in ("-e", f"@{path}")),
                *("-e", "kubernetes_endpoint_host=100.127.255.200"),
            ],
            environment,
        )


def by_hand(folder: Path, version: str) -> float:
    """Seconds of the same by hand."""
    environment = dict(os.environ, PATH=f"{BIN}:{os.environ['PATH']}")
    dockerd.ensure_running()
    arguments = [str(STORE), image.tag("debian_12"), version, str(folder / "by-hand")]
    try:
        said = run([str(BY_HAND), "up", *arguments], environment)
        print(said)
        return float(said.strip().splitlines()[-1].split("\t")[1])
    finally:
        run([str(BY_HAND), "down", *arguments], environment)


def run(command: list[str], environment: dict[str, str]) -> str:
    """Runs a command and gives what it printed; ends the benchmark where it fails."""
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


def main() -> None:
    """Runs both by turns and prints the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kubernetes", default="v1.36.3")
    arguments = parser.parse_args()
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as folder:
            ours.append(site(Path(folder)))
            theirs.append(by_hand(Path(folder), arguments.kubernetes))
        print(f"round {number + 1}: site.yml {ours[-1]:.1f} s, by hand {theirs[-1]:.1f} s", flush=True)
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"median of {arguments.rounds}: site.yml / by hand = {ratio:.2f} (target: at most 1.50)")


if __name__ == "__main__":
    main()
