# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-mirror as a user runs it, with a catalogue of one small program."""

import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mirror_command import CATALOGUE, Run, Serve, Served, kube_mirror

from mirror import catalogue as catalogue_file
from mirror import toolchain
from mirror.store import Store, default_root


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Go's cache for all stores of this session: the standard library is compiled once."""
    return tmp_path_factory.mktemp("go")


@pytest.fixture(scope="session", autouse=True)
def compiler() -> Iterator[None]:
    """Go is in PATH, as each store would otherwise get one of its own."""
    with pytest.MonkeyPatch.context() as patch:
        go = toolchain.find(catalogue_file.read(catalogue_file.PACKAGED), Store(default_root())).go
        patch.setenv("PATH", f"{go.parent}{os.pathsep}{os.environ['PATH']}")
        yield


@pytest.fixture
def run() -> Run:
    def call(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        env = {**os.environ, **environment}
        return subprocess.run(kube_mirror(*arguments), capture_output=True, text=True, check=False, env=env)

    return call


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yaml"
    path.write_text(CATALOGUE)
    return path


@pytest.fixture
def store(tmp_path: Path, go: Path) -> Path:
    """An empty store."""
    store = tmp_path / "store"
    (store / "go").mkdir(parents=True)
    (store / "go/cache").symlink_to(go)
    return store


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory, go: Path) -> Path:
    """A store that was built; only to be copied."""
    root = tmp_path_factory.mktemp("built")
    catalogue = root / "catalogue.yaml"
    catalogue.write_text(CATALOGUE)
    (root / "store/go").mkdir(parents=True)
    (root / "store/go/cache").symlink_to(go)
    subprocess.run(kube_mirror("build", "--store", root / "store", "--catalogue", catalogue), check=True)
    return root / "store"


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Path:
    """A store that was built."""
    return shutil.copytree(built_once, tmp_path / "built", symlinks=True)


@pytest.fixture
def serve() -> Serve:
    @contextmanager
    def serving(store: Path) -> Iterator[Served]:
        command = kube_mirror(
            "serve", "--store", store, "--listen", "127.0.0.1:0", "--registry", "127.0.0.1:0"
        )
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield _served(process)
            finally:
                process.terminate()

    return serving


def _served(process: "subprocess.Popen[str]") -> Served:
    assert process.stderr is not None
    deadline = time.monotonic() + 20
    said = ""
    while time.monotonic() < deadline and select.select([process.stderr], [], [], 20)[0]:
        line = process.stderr.readline()
        said += line
        found = re.search(r"files at (\S+), images at (\S+)", line)
        if found:
            return Served(process, *found.groups())
        if not line:
            break
    raise AssertionError(f"kube-mirror serve did not come up: {said}")
