# SPDX-License-Identifier: GPL-3.0-or-later
"""The two servers of a lab: packetd, and the mirror on the gateway of packetd's device network."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lab import processes
from lab.failure import LabError
from lab.state import State, cache

# The gateway's address belongs to one lab alone, so the ports can be the same in every lab.
FILES_PORT = 8080
REGISTRY_PORT = 5000


@dataclass(frozen=True)
class Mirror:
    """Where the devices of a lab find the mirror."""

    gateway: str

    @classmethod
    def of(cls, state: State) -> Mirror:
        """The mirror of a lab whose packetd runs. Raises LabError."""
        return cls(facts(state)["network"]["gateway"])

    @property
    def files_url(self) -> str:
        """Base URL of binaries and archives."""
        return f"http://{self.gateway}:{FILES_PORT}"

    @property
    def registry_url(self) -> str:
        """Base URL of the registry."""
        return f"http://{self.gateway}:{REGISTRY_PORT}"


def facts(state: State) -> dict[str, Any]:
    """What packetd has written about itself. Raises LabError where it never ran."""
    try:
        return dict(json.loads((state.packetd / "packetd.json").read_text()))
    except FileNotFoundError as error:
        raise LabError(f"packetd never ran in {state.packetd}; make up starts it") from error


def device_api_url(state: State) -> str:
    """Where the devices of a lab, and what runs in them, find the API. Raises LabError."""
    return str(facts(state)["network"]["api"])


def environment(state: State) -> dict[str, str]:
    """The variables by which clients find this lab's packetd."""
    return {
        "PACKET_API_URL": facts(state)["api"],
        "PACKET_API_TOKEN": (state.packetd / "admin.token").read_text().strip(),
    }


def start(state: State) -> None:
    """Starts what does not run yet. Raises LabError."""
    api, proxy = _addresses(state)
    processes.start(
        processes.Server(
            name="packetd",
            command=(
                *(program("packetd"), "serve", "--state", str(state.packetd), "--driver", "docker"),
                *("--api", api, "--proxy", proxy),
            ),
            health_url=f"http://{api}/healthz",
            pid_file=_pid_file(state, "packetd"),
            log=state.log / "packetd.log",
        )
    )
    mirror = Mirror.of(state)
    processes.start(
        processes.Server(
            name="kube-mirror",
            command=(
                *(program("kube-mirror"), "serve", "--store", str(cache() / "mirror")),
                *(
                    "--listen",
                    f"{mirror.gateway}:{FILES_PORT}",
                    "--registry",
                    f"{mirror.gateway}:{REGISTRY_PORT}",
                ),
            ),
            health_url=f"{mirror.files_url}/healthz",
            pid_file=_pid_file(state, "kube-mirror"),
            log=state.log / "kube-mirror.log",
        )
    )
    print(f"packetd answers at http://{api}, the mirror at {mirror.files_url} and {mirror.registry_url}")


def stop(state: State) -> None:
    """Ends both; machines go on. Raises LabError."""
    processes.stop(_pid_file(state, "kube-mirror"))
    processes.stop(_pid_file(state, "packetd"))


def destroy_machines(state: State) -> None:
    """Removes every device of the state, their network and routes; packetd must not run. Raises LabError."""
    done = subprocess.run(
        [program("packetd"), "destroy", "--state", str(state.packetd)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise LabError(f"packetd destroy: {done.stderr.strip()}")


def _addresses(state: State) -> tuple[str, str]:
    """Where packetd listens: as the last time, as users have that in their shells, or on free ports."""
    try:
        known = facts(state)
    except LabError:
        return _free_address(), _free_address()
    return urlsplit(known["api"]).netloc, urlsplit(known["proxy"]).netloc


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def _pid_file(state: State, name: str) -> Path:
    return state.run / f"{name}.pid"


def program(name: str) -> str:
    """A program of the same virtual environment."""
    return str(Path(sys.executable).with_name(name))
