# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiling a component from Go modules.

Each component has a module of its own in a work directory, which requires the published modules at the
pinned versions; Go's own selection then makes every dependency the one that the component was released with.
"""

import json
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from mirror.catalogue import Component, Go, sources
from mirror.errors import MirrorError
from mirror.progress import follow
from mirror.store import write
from mirror.toolchain import Toolchain

LOG_LINES = 8


@dataclass(frozen=True)
class Workshop:
    """Where one component is compiled."""

    component: Component
    go: Go
    toolchain: Toolchain
    directory: Path
    jobs: int
    stop: Event  # set: whatever runs is ended

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def fetch(self) -> None:
        """Get all modules that the component needs, without compiling. Raises MirrorError."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        write(self.directory / "go.mod", self._module().encode())
        if self.go.source:
            for path in sources(self.go.source).glob("*.go"):
                shutil.copy(path, self.directory)
        self._run(["list", "-deps", *self.go.programs.values()])

    def compile(self, target: Path, alive: Callable[[Callable[[], str]], None]) -> dict[str, Path]:
        """Compile all programs in one go, into the directory `target`: their compile work is mostly shared.

        Gives the path of each program. `alive` is called again and again with what is being done.
        Raises MirrorError.
        """
        linking = " ".join(("-s -w", *self.go.ldflags))
        command = ["build", "-v", "-p", str(self.jobs), "-trimpath", "-ldflags", linking, "-o", f"{target}/"]
        if self.go.tags:
            command += ["-tags", ",".join(self.go.tags)]
        self._run([*command, *self.go.programs.values()], lambda: alive(self._compiled))
        return {name: self._named(name, package, target) for name, package in self.go.programs.items()}

    def _named(self, name: str, package: str, target: Path) -> Path:
        """Go names a program after its package; the catalogue may name it otherwise."""
        path = package if package != "." else self._name
        last = re.sub(r"/v\d+$", "", path).rsplit("/", 1)[-1]
        return (target / last).rename(target / name)

    @property
    def _name(self) -> str:
        return f"mirror.invalid/{self.component.name}"

    def _compiled(self) -> str:
        with self.log.open("rb") as log:
            count = sum(1 for line in log if not line.startswith((b"go: ", b"#")))
        return f"{count} packages compiled"

    def _module(self) -> str:
        """The text of go.mod."""
        upstream = self._upstream(self.go.modules[0]) if self.go.modules else {}
        lines = [f"module {self._name}", ""]
        lines.append(f"go {self.go.language or upstream.get('Go') or '1.24'}")
        lines += [f"godebug {entry['Key']}={entry['Value']}" for entry in upstream.get("Godebug") or ()]
        lines += [f"require {module}" for module in self.go.modules]
        lines += [f"replace {replacement}" for replacement in self.go.replaces]
        if self.go.staging:
            paths = [entry["Old"]["Path"] for entry in upstream["Replace"] if _staging(entry)]
            lines += [f"replace {path} => {path} {self.go.staging}" for path in paths]
        return "\n".join(lines) + "\n"

    def _upstream(self, module: str) -> dict[str, Any]:
        """What the go.mod of a published module says."""
        downloaded = json.loads(self._output(["mod", "download", "-json", module.replace(" ", "@")]))
        described: dict[str, Any] = json.loads(self._output(["mod", "edit", "-json", downloaded["GoMod"]]))
        return described

    def _output(self, arguments: list[str]) -> str:
        command = [str(self.toolchain.go), *arguments]
        result = subprocess.run(
            command, cwd=self.directory, env=self._environment, capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            with self.log.open("a") as log:
                log.write(result.stdout + result.stderr)
            raise self._failed()
        return result.stdout

    def _run(self, arguments: list[str], alive: Callable[[], None] = lambda: None) -> None:
        command = [str(self.toolchain.go), *arguments]
        quiet = subprocess.DEVNULL
        with (
            self.log.open("ab") as log,
            subprocess.Popen(
                command, cwd=self.directory, env=self._environment, stdin=quiet, stdout=quiet, stderr=log
            ) as process,
        ):
            follow(process, self.stop, alive)
        if process.returncode != 0:
            raise self._failed()

    @property
    def _environment(self) -> dict[str, str]:
        return {**self.toolchain.environment, "CGO_ENABLED": "0" if self.go.cgo is None else "1"}

    def _failed(self) -> MirrorError:
        with self.log.open(errors="replace") as log:
            last = "".join(f"\n    {line.rstrip()}" for line in deque(log, LOG_LINES))
        about = f"{self.component.name} {self.component.version}"
        if "no space left on device" in last:
            return MirrorError(
                f"{about}: no space left on the disk of {self.directory}: make room, then run again"
            )
        return MirrorError(f"{about}: not built; the end of {self.log}:{last}")


def _staging(replacement: dict[str, Any]) -> bool:
    new: str = replacement["New"]["Path"]
    return new.startswith("./staging/")
