# SPDX-License-Identifier: GPL-3.0-or-later
"""A packetd over Docker, and its devices as seen from the host."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
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


class Outside:
    """A network namespace beside the host with a web server in it: what lies beyond the host."""

    def __init__(self, log: Path) -> None:
        # Each run has a link of its own in the range for benchmarks (RFC 2544).
        number = os.getpid() % 16384
        self.name = f"pkout{number}"
        link = IPv4Network((int(IPv4Address("198.18.0.0")) + 4 * number, 30))
        self.host, self.address = str(link[1]), str(link[2])
        self.url = f"http://{self.address}:8000/"
        self.log = log
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        output("ip", "netns", "add", self.name)
        output("ip", "link", "add", self.name, "type", "veth", "peer", "eth0", "netns", self.name)
        output("ip", "address", "add", f"{self.host}/30", "dev", self.name)
        output("ip", "link", "set", self.name, "up")
        output("ip", "-n", self.name, "address", "add", f"{self.address}/30", "dev", "eth0")
        output("ip", "-n", self.name, "link", "set", "eth0", "up")
        output("ip", "-n", self.name, "route", "add", "default", "via", self.host)
        serve = (sys.executable, "-u", "-m", "http.server", "--bind", self.address, "8000")
        with self.log.open("wb") as log:
            self._server = subprocess.Popen(
                ("ip", "netns", "exec", self.name, *serve), stdout=log, stderr=log, cwd=self.log.parent
            )
        until(lambda: "Serving" in self.log.read_text(), "the server outside")

    def stop(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        for command in (("link", "delete", self.name), ("netns", "delete", self.name)):
            subprocess.run(("ip", *command), capture_output=True, check=False)

    def reaches(self, address: str) -> bool:
        """Whether somebody outside can open a connection to the SSH port there."""
        command = ("timeout", "2", "bash", "-c", f"head -c 3 < /dev/tcp/{address}/22")
        return (
            subprocess.run(("ip", "netns", "exec", self.name, *command), capture_output=True).returncode == 0
        )


class Site:
    """A packetd with the docker driver, a project, and a key that opens its devices."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.server = Packetd(directory / "packetd", "--driver", "docker", *options)
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
