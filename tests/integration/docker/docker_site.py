# SPDX-License-Identifier: GPL-3.0-or-later
"""A packetd over Docker, and its devices as seen from the host."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packetd_process import Packetd

from packetd.drivers.docker.names import Names

SCRIPT = "#!/bin/sh\necho by-script > /root/user-data\n"
CLOUD_CONFIG = """#cloud-config
write_files:
  - {path: /root/user-data, content: by-cloud-config}
runcmd:
  - [cp, /root/user-data, /root/run-command]
"""
SECONDS = 60.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that takes its time; fails with ``what`` after a minute."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"after {SECONDS:g} s: {what}"
        time.sleep(0.1)


def output(*command: str) -> str:
    """What a command on the host prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@dataclass
class Host:
    """A device as seen from the host: by SSH at an address of it."""

    address: str
    key: Path

    def ssh(self, command: str, at: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the device, reached at its public address or at another one."""
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
        return subprocess.run(
            [
                *("ssh", "-i", str(self.key), "-o", "ConnectTimeout=2", "-o", "BatchMode=yes"),
                *(word for option in options for word in ("-o", option)),
                *(f"root@{at or self.address}", command),
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    def output(self, command: str, at: str | None = None) -> str:
        done = self.ssh(command, at)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()

    def answers(self) -> bool:
        return self.ssh("true").returncode == 0

    def host_key(self) -> str:
        return self.output("cat /etc/ssh/ssh_host_ed25519_key.pub")


class Site:
    """A packetd with the docker driver, a project, and a key that opens its devices."""

    def __init__(self, directory: Path) -> None:
        self.server = Packetd(directory / "packetd", "--driver", "docker")
        self.names = Names.of(self.server.state)
        self.key = directory / "key"
        self.project = ""

    def start(self) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        self.server.start()
        self.project = self.api("POST", "/projects", {"name": "docker"})["id"]
        public = self.key.with_suffix(".pub").read_text()
        self.api("POST", f"/projects/{self.project}/ssh-keys", {"label": "test", "key": public})

    def api(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.server.call(method, path, body)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def order(self, hostname: str, userdata: str) -> str:
        """Ask for a device and return its id."""
        wanted = {
            "hostname": hostname,
            "plan": "c3.small.x86",
            "metro": "am",
            "operating_system": "debian_12",
            "userdata": userdata,
        }
        return str(self.api("POST", f"/projects/{self.project}/devices", wanted)["id"])

    def reserve(self) -> tuple[str, str]:
        """Reserve an elastic address: the id of its reservation, and the address."""
        wanted = {"type": "public_ipv4", "quantity": 1, "metro": "am"}
        made = self.api("POST", f"/projects/{self.project}/ips", wanted)
        return made["id"], made["address"]

    def wait_for(self, device_id: str, state: str) -> None:
        """Wait until the API says so; the answer to a failure is in the device's events."""

        def reached() -> bool:
            found = self.api("GET", f"/devices/{device_id}")["state"]
            assert found != "failed", self.api("GET", f"/devices/{device_id}/events")
            return bool(found == state)

        until(reached, f"device {device_id} is not {state}; {self.server.log}")

    def act(self, device_id: str, action: str, state: str) -> None:
        self.api("POST", f"/devices/{device_id}/actions", {"type": action})
        self.wait_for(device_id, state)

    def host(self, device_id: str) -> Host:
        return Host(self.address(device_id, public=True), self.key)

    def address(self, device_id: str, *, public: bool) -> str:
        addresses = self.api("GET", f"/devices/{device_id}")["ip_addresses"]
        found = (a for a in addresses if a["public"] is public and a["address_family"] == 4)
        return str(next(found)["address"])

    def destroy(self) -> None:
        if self.server.process is not None and self.server.process.poll() is None:
            self.server.stop()
        done = self.server.command("destroy", "--driver", "docker")
        assert done.returncode == 0, done.stderr
