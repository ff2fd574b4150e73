# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible as its users do, as a process, and reads what it answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.connection import (
    PROJECT_VARIABLES,
    TOKEN_FILE_VARIABLES,
    TOKEN_VARIABLES,
    URL_VARIABLES,
)

BIN = Path(sys.executable).parent
VARIABLES = (*URL_VARIABLES, *TOKEN_VARIABLES, *TOKEN_FILE_VARIABLES, *PROJECT_VARIABLES)


@dataclass(frozen=True)
class Run:
    """What a playbook came to."""

    code: int
    tasks: dict[str, dict[str, Any]]
    """The result of each task on localhost, by the task's name."""
    stderr: str

    @property
    def changed(self) -> bool:
        return any(task.get("changed") for task in self.tasks.values())


class Ansible:
    """A folder to work in and an environment that has nothing of the one that tests run in."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        config = folder / "ansible.cfg"
        config.touch()
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in VARIABLES},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            **environment,
        }

    def start(self, tasks: list[dict[str, Any]], *arguments: str) -> subprocess.Popen[str]:
        """A playbook of these tasks as a process, in a group of its own."""
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        book = self.folder / "play.yml"
        book.write_text(yaml.safe_dump([play]))
        interpreter = f"ansible_python_interpreter={sys.executable}"
        return subprocess.Popen(
            ["ansible-playbook", "-i", "localhost,", "-e", interpreter, str(book), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def play(self, tasks: list[dict[str, Any]], *arguments: str) -> Run:
        """Runs a playbook of these tasks."""
        process = self.start(tasks, *arguments)
        stdout, stderr = process.communicate(timeout=120)
        assert stdout, stderr
        document = json.loads(stdout)
        results = {
            task["task"]["name"]: task["hosts"]["localhost"]
            for play in document["plays"]
            for task in play["tasks"]
        }
        return Run(process.returncode, results, stderr)

    def inventory(
        self, options: dict[str, Any], *arguments: str, file: str = "my.packet.yml", **environment: str
    ) -> tuple[dict[str, Any], str]:
        """What ansible-inventory lists of an inventory file of our plugin, and what it complains of."""
        source = self.folder / file
        source.write_text(yaml.safe_dump({"plugin": "packet.kubernetes.packet", **options}))
        done = subprocess.run(
            ["ansible-inventory", "--list", "-i", str(source), *arguments],
            env={**self.environment, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        listed = json.loads(done.stdout, object_hook=_plain) if done.returncode == 0 else {}
        return listed, done.stderr


def _plain(document: dict[str, Any]) -> Any:
    """ansible-inventory wraps every string that Ansible will not take for a template."""
    return document.get("__ansible_unsafe", document)


def ok(run: Run) -> Run:
    """The run, which has ended well."""
    assert run.code == 0, (run.tasks, run.stderr)
    return run


def task(module: str, **arguments: Any) -> dict[str, Any]:
    """A task named after its module."""
    return {"name": module, f"packet.kubernetes.{module}": arguments}
