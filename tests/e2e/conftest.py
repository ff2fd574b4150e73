# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of its own for each test module: packetd with the docker driver and a mirror, no cluster yet."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import servers, up
from lab.state import CHECKOUT, State
from packetd.drivers.docker import firewall
from packetd.drivers.docker.names import Names

BIN = Path(sys.executable).parent
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Recap:
    """How a playbook ended."""

    returncode: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        """The number of changed tasks by host."""
        return {match[1]: int(match[3]) for match in RECAP.finditer(self.output)}


class Lab:
    """Runs the lab's commands and playbooks as a user does, with a state folder of its own."""

    def __init__(self, root: Path) -> None:
        self.state = State(root)
        self.said = ""
        self.environment = os.environ | {"PACKET_STATE": str(root), "ANSIBLE_FORCE_COLOR": "0"}

    def run(self, *arguments: str) -> str:
        """Runs `python -m lab`; gives what it printed."""
        return self._checked(str(BIN / "python"), "-m", "lab", *arguments)

    def playbook(self, name: str, *arguments: str, inventory: Path | None = None) -> Recap:
        """Runs a playbook to its end."""
        done = subprocess.run(
            self._playbook(name, arguments, inventory), cwd=CHECKOUT, env=self._api(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1500, check=False,
        )  # fmt: skip
        print(done.stdout)
        return Recap(done.returncode, done.stdout)

    def kill_playbook(self, name: str, *arguments: str, at: str, after: float) -> None:
        """Kills a playbook with all its processes, some seconds after it has printed a line with `at`."""
        process = subprocess.Popen(
            self._playbook(name, arguments, None), cwd=CHECKOUT, env=self._api(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if at in line:
                break
        else:
            pytest.fail(f"{name} ended before {at!r}:\n{''.join(said)}")
        time.sleep(after)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()

    def kubectl(self, *arguments: str) -> str:
        """Runs kubectl as administrator."""
        return self._checked(str(self.state.kubectl), "--kubeconfig", str(self.state.kubeconfig), *arguments)

    def get(self, *arguments: str) -> list[dict[str, Any]]:
        """The items that `kubectl get` finds."""
        return list(json.loads(self.kubectl("get", *arguments, "--output", "json"))["items"])

    def keep_kubectl(self) -> None:
        """Has the kubectl of the cluster that a playbook has made."""
        up.keep_kubectl(self.state, up.Wanted.kubernetes)

    def devices(self) -> list[dict[str, Any]]:
        """All devices, as the API shows them."""
        return self._all("devices?per_page=1000", "devices")

    def reservations(self) -> list[dict[str, Any]]:
        """All elastic addresses, with where they are."""
        found = self._all("ips?include=assignments&per_page=1000", "ip_addresses")
        return [item for item in found if not item.get("management")]

    def holder(self, address: str) -> str | None:
        """The hostname of the device that has an elastic address."""
        (item,) = [item for item in self.reservations() if item["address"] == address]
        ids = [each["assigned_to"]["href"].rpartition("/")[2] for each in item["assignments"]]
        return next((each["hostname"] for each in self.devices() if each["id"] in ids), None)

    def api_keys(self) -> list[dict[str, Any]]:
        """All keys of the project."""
        return self._all("api-keys", "api_keys")

    def device(self, hostname: str) -> dict[str, Any]:
        """The one device of this name."""
        (found,) = [device for device in self.devices() if device["hostname"] == hostname]
        return found

    def delete_device(self, hostname: str) -> None:
        """Deletes a device at the API, behind everybody's back."""
        self._call("DELETE", f"devices/{self.device(hostname)['id']}")

    def act(self, hostname: str, action: str, *, until: str = "active") -> None:
        """Has a device do something, and waits until it is in the state that this ends in."""
        device = self.device(hostname)
        self._call("POST", f"devices/{device['id']}/actions", {"type": action})
        deadline = time.monotonic() + 120
        time.sleep(0.5)  # until then it may still be in the state of before
        while (state := self.device(hostname)["state"]) != until:
            assert time.monotonic() < deadline, f"{hostname} is still {state} after {action}"
            time.sleep(0.5)

    def ssh(self, hostname: str, command: str) -> None:
        """Runs a command on a device."""
        address = self.device(hostname)["ip_addresses"][0]["address"]
        subprocess.run(
            ["ssh", "-q", "-i", str(self.state.assets / "ssh" / "id_ed25519"),
             "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
             f"root@{address}", command],
            check=True, timeout=60,
        )  # fmt: skip

    def forget_host_key(self, hostname: str) -> None:
        """As a user does for a machine that was reinstalled: it has another key."""
        known_hosts = self.state.assets / "ssh" / "known_hosts"
        subprocess.run(["ssh-keygen", "-R", self.device(hostname)["id"], "-f", str(known_hosts)], check=True)

    @property
    def names(self) -> Names:
        """What this lab's things are called on the host."""
        return Names.of(self.state.packetd)

    def counters(self) -> firewall.Counters:
        """Packets at the borders of the device network."""
        return firewall.counters(self.names)

    def set(self, **settings: Any) -> None:
        """Adds settings to the lab's inventory."""
        path = self.state.inventory / "group_vars" / "all" / "3-test.yml"
        path.write_text(yaml.safe_dump(settings))

    def _playbook(self, name: str, arguments: tuple[str, ...], inventory: Path | None) -> list[str]:
        return [
            str(BIN / "ansible-playbook"), "-i", str(inventory or self.state.inventory),
            f"playbooks/{name}.yml", *arguments,
        ]  # fmt: skip

    def _api(self) -> dict[str, str]:
        return self.environment | servers.environment(self.state)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        api = servers.environment(self.state)
        request = urllib.request.Request(
            f"{api['PACKET_API_URL']}/{path}", method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"X-Auth-Token": api["PACKET_API_TOKEN"], "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.loads(answer.read() or "{}"))

    def _all(self, path: str, key: str) -> list[dict[str, Any]]:
        (project,) = self._call("GET", "projects?name=kubernetes")["projects"]
        return list(self._call("GET", f"projects/{project['id']}/{path}")[key])

    def _checked(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=CHECKOUT, env=self.environment, text=True, timeout=3000, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab whose servers run; taken down with everything in it."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    try:
        lab.run("serve")
        yield lab
    finally:
        lab.run("down")
