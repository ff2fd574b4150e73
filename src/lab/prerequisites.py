# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab needs of the operating system: looked for by what it gives, installed on Debian 12."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.failure import LabError


@dataclass(frozen=True)
class Requirement:
    """One of Debian's packages, and by what one sees that it, or its like from elsewhere, is there."""

    package: str
    provides: str
    """A command, or the absolute path of a file."""


REQUIREMENTS = (
    Requirement("docker.io", "dockerd"),
    Requirement("mmdebstrap", "mmdebstrap"),
    Requirement("docker-registry", "docker-registry"),
    Requirement("skopeo", "skopeo"),
    Requirement("nftables", "nft"),
    Requirement("iptables", "iptables"),
    Requirement("iproute2", "ip"),
    Requirement("openssh-client", "ssh"),
    Requirement("gcc", "gcc"),
    Requirement("libc6-dev", "/usr/include/stdio.h"),
    Requirement("libseccomp-dev", "/usr/include/seccomp.h"),
    Requirement("pkg-config", "pkg-config"),
)

POSTGRESQL = "postgresql-15"
TEST_REQUIREMENTS = (
    Requirement(POSTGRESQL, "/usr/lib/postgresql/15/bin/postgres"),
    Requirement("curl", "curl"),
    Requirement("chromium", "chromium"),
    Requirement("chromium-driver", "chromedriver"),
    # What the pages ask for where the system has no font of its own: without any, pictures are empty.
    Requirement("fonts-dejavu-core", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
)
"""What the tests need besides."""

_NO_DATABASE = Path("/etc/postgresql-common/createcluster.d/lab.conf")

REGISTRY_UNIT = "docker-registry.service"
SYSTEM_PATHS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where much of it is; users have them in their PATH on some systems and not on others."""


def missing(root: Path = Path("/"), requirements: Sequence[Requirement] = REQUIREMENTS) -> list[Requirement]:
    """What is not there. `root`: where paths are looked for."""
    return [requirement for requirement in requirements if not _found(requirement.provides, root)]


def install(root: Path = Path("/"), requirements: Sequence[Requirement] = REQUIREMENTS) -> None:
    """Installs what is missing on Debian 12; elsewhere a LabError says what to install. Says what it does."""
    lacking = missing(root, requirements)
    if not lacking:
        return
    packages = [requirement.package for requirement in lacking]
    system = _system(root)
    if (system.get("ID"), system.get("VERSION_ID")) != ("debian", "12"):
        needed = ", ".join(f"{requirement.provides} ({requirement.package})" for requirement in lacking)
        raise LabError(
            f"missing on this machine: {needed}. They can be installed for you on Debian 12, and this is "
            f"{system.get('PRETTY_NAME', 'another system')}: install them (in brackets: the names that "
            "packages have in Debian), then run this again"
        )
    print(f"installing {len(packages)} packages with apt: {', '.join(packages)}", flush=True)
    _apt_get("update")
    _install(packages, root)
    if still := missing(root, requirements):
        names = ", ".join(requirement.provides for requirement in still)
        raise LabError(f"apt-get has installed {', '.join(packages)}, and yet there is no {names}")


def _found(provides: str, root: Path) -> bool:
    if provides.startswith("/"):
        return (root / provides.lstrip("/")).exists()
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_PATHS])
    return shutil.which(provides, path=path) is not None


def _system(root: Path) -> dict[str, str]:
    """What os-release(5) says; empty where there is none."""
    try:
        lines = (root / "etc" / "os-release").read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {name: value.strip("\"'") for name, _, value in (line.partition("=") for line in lines)}


def _install(packages: Sequence[str], root: Path) -> None:
    with _no_registry(packages, root), _no_database(packages):
        _apt_get("install", "--no-install-recommends", *packages)


@contextmanager
def _no_registry(packages: Sequence[str], root: Path) -> Iterator[None]:
    # The package starts a registry of its own on port 5000 of every address, which nobody has asked for.
    silence = "docker-registry" in packages and (root / "run" / "systemd" / "system").is_dir()
    if silence:
        _run(["systemctl", "mask", "--runtime", "--quiet", REGISTRY_UNIT])
    try:
        yield
    finally:
        if silence:
            _run(["systemctl", "unmask", "--runtime", "--quiet", REGISTRY_UNIT])
    if silence:
        _run(["systemctl", "disable", "--quiet", REGISTRY_UNIT])


@contextmanager
def _no_database(packages: Sequence[str]) -> Iterator[None]:
    # The package makes and starts a database on port 5432; the tests want its programs alone.
    silence = POSTGRESQL in packages
    if silence:
        _run(["mkdir", "--parents", str(_NO_DATABASE.parent)])
        _run(["sh", "-c", f"echo create_main_cluster = false >{_NO_DATABASE}"])
    try:
        yield
    finally:
        if silence:
            _run(["rm", "--force", str(_NO_DATABASE)])


def _apt_get(*arguments: str) -> None:
    # Another apt may be at work, for instance the daily one of a machine that has just started.
    patient = ("-o", "DPkg::Lock::Timeout=300")
    _run(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "--yes", *patient, *arguments])


def _run(command: Sequence[str]) -> None:
    """Runs a command as root. Raises LabError with the last that it said."""
    done = subprocess.run([*_as_root(), *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise LabError(f"{' '.join(command)} failed: {said[-1] if said else f'exit code {done.returncode}'}")


def _as_root() -> Sequence[str]:
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") is None:
        raise LabError("installing packages needs root, and there is no sudo: run this as root")
    return ("sudo",)
