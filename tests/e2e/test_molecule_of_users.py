# SPDX-License-Identifier: GPL-3.0-or-later
"""Users test playbooks of their own on devices, as docs/testing-your-playbooks.md tells them to."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import BIN, Lab

from lab import servers
from lab.state import CHECKOUT

GUIDE = (CHECKOUT / "docs" / "testing-your-playbooks.md").read_text()
FILES = dict(re.findall(r"^`(molecule/default/\w+[.]yml)`[^`]*:\n\n```yaml\n([^`]*)```", GUIDE, re.MULTILINE))
SCENARIO = "molecule/default/molecule.yml"
(SEQUENCE,) = re.findall(r"```yaml\n(scenario:\n[^`]*)```", GUIDE)


@dataclass(frozen=True)
class Checkout:
    """A folder with a scenario, and the variables of a packetd in the shell."""

    folder: Path
    lab: Lab

    def molecule_test(self, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self._shell("molecule test")

    def left(self) -> str:
        """Devices, and the connections to them that SSH keeps open."""
        network = servers.facts(self.lab.state)["network"]["gateway"].rpartition(".")[0]
        return self._shell(f"packetd devices; ps -C ssh -o args= | grep -F '/{network}.'").stdout

    def _shell(self, command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", f'eval "$(packetd env)"; {command}'], cwd=self.folder, timeout=600, text=True,
            env=self.lab.environment | {
                "PATH": f"{BIN}:{self.lab.environment['PATH']}",
                "MOLECULE_EPHEMERAL_DIRECTORY": str(self.folder / "ephemeral"),
            },
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        print(done.stdout)
        return done


@pytest.fixture
def checkout(lab: Lab, tmp_path: Path) -> Checkout:
    """One without anything in it, and nothing of another at packetd."""
    checkout = Checkout(tmp_path, lab)
    assert checkout.left() == ""
    return checkout


def test_three_lines_are_enough(checkout: Checkout) -> None:
    assert len(FILES[SCENARIO].splitlines()) == 3
    done = checkout.molecule_test(FILES)
    assert done.returncode == 0
    assert "ok=4    changed=3" in done.stdout
    assert checkout.left() == ""


def test_a_check_on_the_bare_device_can_be_added(checkout: Checkout) -> None:
    done = checkout.molecule_test(FILES | {SCENARIO: FILES[SCENARIO] + SEQUENCE})
    assert done.returncode == 0
    assert "check: Executed: Successful" in done.stdout
    assert checkout.left() == ""


def test_a_playbook_that_fails_leaves_no_device(checkout: Checkout) -> None:
    failing = "- hosts: all\n  tasks:\n    - ansible.builtin.fail:\n        msg: it does\n"
    done = checkout.molecule_test(FILES | {"molecule/default/converge.yml": failing})
    assert done.returncode != 0
    assert "it does" in done.stdout
    assert checkout.left() == ""
