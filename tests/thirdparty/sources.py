# SPDX-License-Identifier: GPL-3.0-or-later
"""Obtains what others wrote, by their package managers, into the cache: each thing whole or not at all."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from lab.state import cache
from mirror import catalogue, toolchain
from mirror.store import Store
from mirror.toolchain import Toolchain

PACKNGO_DEBIAN = "0.2.0-3"
PACKNGO_MODULE = "v0.31.0"
_GOPATH = "usr/share/gocode"
_PACKNGO = "github.com/packethost/packngo"
_PROGRAM = "packngo.test"


def packet_python() -> Path:
    """The source distribution of the packet-python that is installed, which has the tests."""
    number = version("packet-python")
    release = f"packet-python-{number}"

    def fill(folder: Path) -> None:
        wanted = ("--no-deps", "--no-binary=:all:", "--no-build-isolation", f"packet-python=={number}")
        _pip("download", "--dest", str(folder), *wanted)
        shutil.unpack_archive(folder / f"{release}.tar.gz", folder)

    return _obtained(release, fill) / release


def python_library(*requirements: str) -> Path:
    """A folder for PYTHONPATH with these and all they need: what the project itself does not need."""
    return _obtained(
        "+".join(requirements), lambda folder: _pip("install", "--target", str(folder), *requirements)
    )


def packngo_debian() -> Path:
    """The Go package in Debian's source package, in a GOPATH with what its tests import."""
    return _packngo_gopath() / _GOPATH / "src" / _PACKNGO


def packngo_debian_tests() -> Path:
    """The tests of Debian's packngo as a program."""

    def fill(folder: Path) -> None:
        gopath = str(_packngo_gopath() / _GOPATH)
        _compile_tests(folder, _PACKNGO, GO111MODULE="off", GOFLAGS="", GOPATH=gopath)

    return _obtained(f"packngo-{PACKNGO_DEBIAN}-tests", fill) / _PROGRAM


def packngo_module() -> Path:
    """The last release of the Go package, from the Go module proxy."""

    def fill(folder: Path) -> None:
        compiler = go()
        command = [str(compiler.go), "mod", "download", "-json", f"{_PACKNGO}@{PACKNGO_MODULE}"]
        downloaded = json.loads(_run(command, cwd=folder, environment=compiler.environment))
        # The module cache is shared, and a test may write where it lies.
        shutil.copytree(downloaded["Dir"], folder / "packngo")

    return _obtained(f"packngo-{PACKNGO_MODULE}", fill) / "packngo"


def packngo_module_tests() -> Path:
    """The tests of the last packngo as a program."""
    return (
        _obtained(
            f"packngo-{PACKNGO_MODULE}-tests",
            lambda folder: _compile_tests(folder, ".", cwd=packngo_module()),
        )
        / _PROGRAM
    )


def go() -> Toolchain:
    """The compiler that the mirror uses, with its caches."""
    return toolchain.find(catalogue.read(catalogue.PACKAGED), Store(cache() / "mirror"))


def _packngo_gopath() -> Path:
    packages = (
        f"golang-github-packethost-packngo-dev={PACKNGO_DEBIAN}",
        "golang-golang-x-crypto-dev",
        "golang-golang-x-sys-dev",
    )

    def fill(folder: Path) -> None:
        # Lists of its own: reading Debian's needs neither root nor a machine that has them already.
        apt = ["apt-get", "-qq", "-o", f"Dir::State={folder}/apt", "-o", f"Dir::Cache={folder}/apt"]
        apt += ["-o", "APT::Sandbox::User=root"]
        (folder / "apt/lists/partial").mkdir(parents=True)
        _run([*apt, "update"], cwd=folder)
        _run([*apt, "download", *packages], cwd=folder)
        shutil.rmtree(folder / "apt")
        for archive in folder.glob("*.deb"):
            _run(["dpkg-deb", "--extract", str(archive), str(folder)], cwd=folder)

    return _obtained(f"packngo-{PACKNGO_DEBIAN}", fill)


def _compile_tests(folder: Path, package: str, cwd: Path | None = None, **environment: str) -> None:
    compiler = go()
    # These releases are older than the vet of today's compilers.
    command = [str(compiler.go), "test", "-vet=off", "-c", "-o", str(folder / _PROGRAM), package]
    _run(command, cwd=cwd or folder, environment={**compiler.environment, **environment})


def _obtained(name: str, fill: Callable[[Path], None]) -> Path:
    """The folder of this name in the cache; ``fill`` gets an empty one where there is none yet."""
    folder = cache() / "thirdparty" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{name}.lock").open("w") as lock:
        # Several test processes ask for the same things at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            begun = folder.with_name(f"{name}.begun")
            shutil.rmtree(begun, ignore_errors=True)
            begun.mkdir()
            fill(begun)
            begun.rename(folder)
    return folder


def _pip(*arguments: str) -> None:
    _run([sys.executable, "-m", "pip", "--quiet", *arguments])


def _run(command: list[str], cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {(done.stdout + done.stderr).strip()}")
    return done.stdout
