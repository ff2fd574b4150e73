# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of a packetd as processes that know of it what `packetd env` says, and no more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

import pytest
from expectations import ThirdPartyError
from packetd_process import Packetd

LIMIT_SECONDS = 900.0
"""For one process: the longest sleeps for 180 s of its own accord, and the machine may be busy."""

_NOT_INHERITED = ("PACKET_", "METAL_", "ANSIBLE_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Ended:
    """A process that has ended, with both its streams; ``code`` is negative where a signal ended it."""

    code: int
    output: str

    def check(self) -> None:
        """Raise ThirdPartyError unless it ended well."""
        if self.code != 0:
            raise ThirdPartyError(f"exit code {self.code}\n{self.output}")


class Clients:
    """Starts programs in the environment that ``eval "$(packetd env)"`` makes."""

    def __init__(self, server: Packetd) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        script = 'eval "$("$0" -m packetd env --state "$1")" && exec env --null'
        command = ["sh", "-c", script, sys.executable, str(server.state)]
        done = subprocess.run(command, env=own, stdout=subprocess.PIPE, text=True, check=True)
        self.environment = dict(entry.split("=", 1) for entry in done.stdout.rstrip("\0").split("\0"))

    def run(self, command: Sequence[str | Path], cwd: Path | None = None, **environment: str) -> Ended:
        """Run a program to its end, or to its limit."""
        with TemporaryFile("w+") as output:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                code = process.wait()
            output.seek(0)
            return Ended(code, output.read())


def wanted(request: pytest.FixtureRequest) -> list[str]:
    """The names that the tests of the same file are to be run with."""
    items = [item for item in request.session.items if item.path == request.path]
    return [item.callspec.params["name"] for item in items if isinstance(item, pytest.Function)]


@contextmanager
def running(
    run: Callable[[str], Outcome], names: Iterable[str], at_once: int
) -> Iterator[Mapping[str, Future[Outcome]]]:
    """What ``run`` gives for each of the names, several of which are run at once: most of them sleep."""
    with ThreadPoolExecutor(at_once) as pool:
        yield {name: pool.submit(run, name) for name in names}
