# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks against one machine, as users run them, and what they did to it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docker_site import Host

PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"


@dataclass(frozen=True)
class Run:
    """What a playbook of one task came to."""

    code: int
    output: str

    @property
    def changed(self) -> bool:
        assert self.code == 0, self.output
        return re.search(r"changed=[1-9]", self.output) is not None

    @property
    def round_trips(self) -> int:
        """Commands over SSH; only told with -vvv."""
        return self.output.count("SSH: EXEC")


class Machine:
    """The machine of the tests, with a folder for playbooks."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self._folder = folder

    def run(self, module: str, options: dict[str, Any], *words: str, pipelining: bool = True) -> Run:
        """Runs one task and gives what came of it; the task registers its result."""
        tasks = [
            {f"packet.kubernetes.{module}": options, "register": "answer"},
            {"ansible.builtin.debug": {"msg": "ANSWER {{ answer | to_json }}"}},
        ]
        play = {"hosts": "all", "gather_facts": False, "tasks": tasks}
        (self._folder / "play.yml").write_text(yaml.safe_dump([play]))
        (self._folder / "ansible.cfg").touch()
        command = [str(PLAYBOOK), "--inventory", f"{self.host.address},", "--user", "root", *words]
        command += ["--private-key", str(self.host.key), str(self._folder / "play.yml")]
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(self._folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(self._folder / "home"),
            "ANSIBLE_PIPELINING": str(pipelining),
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=60s "
            "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
        }
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def answer(self, module: str, options: dict[str, Any]) -> dict[str, Any]:
        """What the module answers."""
        run = self.run(module, options)
        assert run.code == 0, run.output
        [line] = [line for line in run.output.splitlines() if "ANSWER " in line]
        told: dict[str, Any] = json.loads(json.loads(line.split(":", 1)[1]).removeprefix("ANSWER "))
        return told
