# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users get it: built, looked at by Galaxy's importer, installed, and used from there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_runs import Ansible, task

from lab.state import CHECKOUT, cache

IMPORTER = "galaxy-importer==0.4.44"
CORE = "ansible-core==2.19.14"

TASKS = [
    task("project", name="p"),
    task(
        "device",
        project="p",
        plan="c3.small.x86",
        operating_system="debian_12",
        metro="sv",
        devices=[{"hostname": "a"}],
    ),
    task("device_info", project="p"),
    task("ca", directory="{{ playbook_dir }}/pki", name="ca"),
    {
        "name": "lookup",
        "ansible.builtin.debug": {"msg": "{{ lookup('packet.kubernetes.device', 'a', project='p').state }}"},
    },
]


def environment_with(name: str, *packages: str) -> Path:
    """A virtual environment that has nothing but these; kept, as to make one takes a minute."""
    folder = cache() / "tests" / name
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", *packages], check=True)
        (folder / "ready").touch()
    return folder


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, built from what the repository holds."""
    folder = tmp_path_factory.mktemp("built")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if (CHECKOUT / name).is_file():
            copy = folder / "source" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((CHECKOUT / name).read_bytes())
    command = [
        Path(sys.executable).with_name("ansible-galaxy"),
        "collection",
        "build",
        "--output-path",
        folder,
    ]
    subprocess.run(command, cwd=folder / "source", check=True, capture_output=True)
    return next(folder.glob("*.tar.gz"))


def test_what_is_built_has_what_users_need_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = set(archive.getnames())
    assert {"MANIFEST.json", "README.md", "LICENSE", "CHANGELOG.md", "meta/runtime.yml"} <= names
    top = {name.partition("/")[0] for name in names}
    unwanted = {"src", "tests", "Makefile", "pyproject.toml", ".git", ".venv", ".ci", "build"}
    assert not top & (unwanted | {"LICENSES", "REUSE.toml"})


def test_galaxys_importer_has_nothing_to_say(tarball: Path, tmp_path: Path) -> None:
    environment = environment_with("galaxy-importer", IMPORTER)
    # The collections that ours depends on are there, as the importer's linter wants to see them.
    ours = Path(sysconfig.get_path("purelib")) / "ansible_collections"
    (link := next(environment.glob("lib/*/site-packages")) / "ansible_collections").unlink(missing_ok=True)
    link.symlink_to(ours)
    config = tmp_path / "importer.cfg"
    config.write_text("[galaxy-importer]\nRUN_ANSIBLE_TEST = False\nLOG_LEVEL_MAIN = INFO\n")
    done = subprocess.run(
        [environment / "bin" / "python", "-m", "galaxy_importer.main", tarball],
        env={
            **os.environ,
            "GALAXY_IMPORTER_CONFIG": str(config),
            "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "Importer processing completed successfully" in output
    assert "ansible-lint run complete" in output
    assert not [line for line in output.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]


def test_installed_where_nothing_else_is_it_works(tarball: Path, ansible: Ansible, packetd: Any) -> None:
    wanted = ["-r", str(CHECKOUT / "meta" / "ee-requirements.txt")]
    environment = environment_with("installed", CORE, *wanted)
    collections = ansible.folder / "collections"
    ansible.environment |= {
        "PATH": f"{environment / 'bin'}:/usr/bin:/bin",
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
    }
    # What ours depends on comes from Galaxy; these tasks can do without.
    install = ["ansible-galaxy", "collection", "install", "--no-deps", "--offline", str(tarball)]
    subprocess.run([*install, "-p", collections], env=ansible.environment, check=True, capture_output=True)
    interpreter = f"ansible_python_interpreter={environment / 'bin' / 'python'}"
    for expected in ("changed=3", "changed=0"):
        process = ansible.start(TASKS, "-e", interpreter)
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stdout + stderr
        assert expected in stdout
        assert '"msg": "active"' in stdout
    listed, complaints = ansible.inventory({"projects": ["p"]})
    assert "a" in listed["_meta"]["hostvars"], complaints
