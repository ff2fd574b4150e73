# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of Python packages of an image: published wheels, and packages of our own.

pip installs for the image's Python and platform, whichever Python runs the mirror. Its own compiles to
bytecode, as a container whose root is read-only would otherwise do that at each start.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from mirror.catalogue import Python
from mirror.errors import MirrorError
from mirror.oci import Layer
from mirror.progress import follow

# The wheels that a platform takes: those for glibc 2.17 and later.
WHEELS = {"linux/amd64": "manylinux2014_x86_64", "linux/arm64": "manylinux2014_aarch64"}
LOG_LINES = 8


@dataclass(frozen=True)
class Assembly:
    """Where the packages of one component are put together."""

    python: Python
    platform: str
    base: Layer  # on which the images stand
    directory: Path
    stop: Event  # set: whatever runs is ended
    alive: Callable[[Callable[[], str]], None]  # called again and again with what is being done

    def make(self) -> Path:
        """Put it together. Raises MirrorError where a wheel cannot be had or our own source is missing."""
        root = self.directory / "root"
        root.mkdir()
        self._run("unpacking", ["tar", "--extract", "--file", str(self.base.path), "--directory", str(root)])
        # Where Debian's Python looks for what did not come from Debian.
        place = f"usr/local/lib/python{self.python.version}/dist-packages"
        self._run("fetching wheels", [sys.executable, "-m", "pip", *self._installation(root / place)])
        for path in filter(Path.is_file, (root / place).rglob("*")):
            if self.python.excludes(str(path.relative_to(root / place))):
                path.unlink()
        for name, source in self.python.source().items():
            (root / place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, root / place / name)
        compiling = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", f"/{place}"]
        self._run("compiling to bytecode", ["chroot", str(root), f"python{self.python.version}", *compiling])
        return root / place

    def _installation(self, target: Path) -> list[str]:
        if self.platform not in WHEELS:
            raise MirrorError(f"no wheels are known for {self.platform}, but for {' and '.join(WHEELS)}")
        command = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
        command += ["--target", str(target), "--only-binary=:all:", "--platform", WHEELS[self.platform]]
        command += ["--implementation", "cp", "--python-version", self.python.version]
        return [*command, "--requirement", str(self.python.requirements_file)]

    def _run(self, doing: str, command: list[str]) -> None:
        quiet = subprocess.DEVNULL
        log = self.directory / "log"
        with (
            log.open("wb") as said,
            subprocess.Popen(command, stdin=quiet, stdout=said, stderr=said) as process,
        ):
            follow(process, self.stop, lambda: self.alive(lambda: doing))
        if process.returncode != 0:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise MirrorError(doing + ":" + "".join(f"\n    {line}" for line in lines[-LOG_LINES:]))
