# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the images that devices boot from: Debian trees made by mmdebstrap, imported into Docker.

Nothing is pulled from a registry. The tag carries a digest of the recipe, so an image is built once
for all checkouts of a host and again only when the recipe changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packetd.drivers import DriverError
from packetd.drivers.docker import client

Progress = Callable[[str], None]

DEVICE_FILES = Path(__file__).parent / "device"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Recipe:
    """A Debian release and what a device needs of it beyond the essential packages."""

    suite: str
    packages: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change with the recipe or a file of the device."""
        digest = hashlib.sha256(repr((self.suite, self.packages)).encode())
        for file in sorted(DEVICE_FILES.iterdir()):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()[:12]


# Debian 12 only: the systemd of Debian 13 refuses hosts with version 1 of control groups.
RECIPES = {
    "debian_12": Recipe(
        suite="bookworm",
        packages=(
            *("systemd", "systemd-sysv", "dbus", "procps", "kmod", "mount", "sudo", "less", "e2fsprogs"),
            *("openssh-server", "cloud-init", "python3", "ca-certificates", "curl", "xz-utils"),
            *("iproute2", "iputils-ping", "iptables", "nftables", "ebtables", "ipset"),
            *("conntrack", "socat", "ethtool"),
        ),
    ),
}


def tag(slug: str) -> str:
    """The image's name in Docker; raises DriverError for a system that is not in RECIPES."""
    return f"packetd/{slug}:{_recipe(slug).digest}"


def present(slug: str) -> bool:
    """Whether Docker has the image of this very recipe."""
    return client.exists("image", tag(slug))


def build(slug: str = "debian_12", progress: Progress = lambda _message: None) -> str:
    """Make sure that Docker has the image and return its tag.

    Two builds at a time are fine: the second waits and finds the work done. Raises DriverError.
    """
    recipe, name = _recipe(slug), tag(slug)
    if present(slug):
        return name
    cache = _cache()
    with _alone(cache / f"{slug}.lock", progress):
        if present(slug):
            return name
        rootfs = cache / f"{slug}-{recipe.digest}.tar"
        if not rootfs.exists():
            progress(f"image {slug}: installing {recipe.suite} with {len(recipe.packages)} packages")
            _make_rootfs(recipe, rootfs)
        progress(f"image {slug}: importing into Docker")
        client.run("import", "--change", 'ENTRYPOINT ["/usr/local/sbin/device-boot"]', str(rootfs), name)
        progress(f"image {slug}: ready as {name}")
    return name


def _recipe(slug: str) -> Recipe:
    if slug not in RECIPES:
        raise DriverError(f"operating_system {slug}: no image recipe; allowed: {', '.join(sorted(RECIPES))}")
    return RECIPES[slug]


def _cache() -> Path:
    root = Path(os.environ.get("PACKET_CACHE") or Path.home() / ".cache" / "packet-kubernetes")
    images = root / "images"
    images.mkdir(parents=True, exist_ok=True)
    return images


@contextmanager
def _alone(lock: Path, progress: Progress) -> Iterator[None]:
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"waiting for another build to end ({lock})")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make_rootfs(recipe: Recipe, rootfs: Path) -> None:
    """Write the tree to ``rootfs``, whole or not at all."""
    if not shutil.which("mmdebstrap"):
        raise DriverError("mmdebstrap is not installed; remedy: apt-get install mmdebstrap")
    if os.geteuid() != 0:
        raise DriverError("mmdebstrap needs root to build the image; remedy: run the same with sudo")
    with tempfile.TemporaryDirectory(prefix="building-", dir=rootfs.parent) as work:
        unfinished = Path(work) / "rootfs.tar"
        command = [
            *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=tar"),
            *(f"--aptopt={option}" for option in _apt_options()),
            *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "info", "locale")),
            f"--include={','.join(recipe.packages)}",
            f"--customize-hook={DEVICE_FILES / 'customise.sh'}",
            *(recipe.suite, str(unfinished), *_sources(recipe.suite)),
        ]
        # TMPDIR: the unpacked tree belongs beside the result, /tmp may be small and in memory.
        done = subprocess.run(
            command, env=os.environ | {"TMPDIR": work}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            log = rootfs.with_suffix(".log")
            log.write_text(done.stderr)
            last = next((line for line in reversed(done.stderr.splitlines()) if line.startswith("E:")), "")
            raise DriverError(f"mmdebstrap failed: {last or 'no message'}; all of it is in {log}")
        unfinished.rename(rootfs)


def _apt_options() -> list[str]:
    """The host's own ways to its package mirror: proxies, certificates, tolerance of old snapshots."""
    names = ("http", "https", "Check-Valid-Until", "Check-Date", "Retries")
    dump = _output("apt-config", "dump", *(f"Acquire::{name}" for name in names))
    return [line for line in dump.splitlines() if not line.endswith(' "";')]


def _sources(suite: str) -> list[str]:
    """The host's Debian mirror if it serves this suite; mmdebstrap knows the public one."""
    entry = "deb [signed-by=" + KEYRING + "] {} {} {}"
    listing = _output(
        *("apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)"),
        "Created-By: Packages",
    )
    found = {tuple(line.split()[1:]) for line in listing.splitlines() if line.startswith("Debian ")}
    return [entry.format(*fields) for fields in sorted(found) if fields[1].split("-")[0] == suite]


def _output(*command: str) -> str:
    """What a tool of apt prints; nothing on a host without apt, where the defaults serve."""
    if not shutil.which(command[0]):
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
