# SPDX-License-Identifier: GPL-3.0-or-later
"""The packet_* modules of community.general, by playbooks that say what each should have changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest
from clients import Clients, Ended, running, wanted
from expectations import cases

PLAYBOOKS = Path(__file__).with_name("playbooks")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize(
        "name", cases("community.general", sorted(file.stem for file in PLAYBOOKS.glob("*.yml")))
    )


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, clients: Clients, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[Ended]]]:
    folder = tmp_path_factory.mktemp("ansible")
    configuration = folder / "ansible.cfg"
    configuration.touch()

    def run(name: str) -> Ended:
        command = [Path(sys.executable).with_name("ansible-playbook"), "--inventory", "localhost,"]
        command += ["--extra-vars", f"ansible_python_interpreter={sys.executable}"]
        return clients.run(
            [*command, PLAYBOOKS / f"{name}.yml"],
            cwd=folder,
            ANSIBLE_CONFIG=str(configuration),
            ANSIBLE_HOME=str(folder / name),
        )

    with running(run, wanted(request), at_once=2) as results:
        yield results


def test_playbook(runs: Mapping[str, Future[Ended]], name: str) -> None:
    ended = runs[name].result()
    # 2: a task has failed. Anything else is a mistake in the playbook, which nothing excuses.
    assert ended.code in (0, 2), ended.output
    ended.check()
