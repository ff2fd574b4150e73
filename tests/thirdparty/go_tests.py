# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of a Go package from one program, each in a process of its own: their clean-up panics."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clients import Clients, Ended, running
from expectations import ThirdPartyError
from packetd_process import Packetd

_TEST = re.compile(r"^func (Test\w+)\(t \*testing\.T\) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^/\*.*?\*/", re.MULTILINE | re.DOTALL)
# The clean-up of these deletes what other tests are working on.
_SWEEPING = re.compile(r"\b(project|organization)Teardown\(")


@dataclass(frozen=True)
class GoTests:
    """The tests in ``folder``, by their names, with what they do."""

    folder: Path
    bodies: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, prefix: str = "Test") -> GoTests:
        """Those whose names begin with ``prefix``."""
        found: dict[str, str] = {}
        for file in sorted(folder.glob("*_test.go")):
            code = _COMMENT.sub("", file.read_text())
            found |= {name: body for name, body in _TEST.findall(code) if name.startswith(prefix)}
        return cls(folder, found)

    @contextmanager
    def running(
        self,
        program: Path,
        names: Collection[str],
        new_server: Callable[[], Packetd],
        environment: Callable[[str], Mapping[str, str]],
    ) -> Iterator[Mapping[str, Future[Ended]]]:
        """All at once on one server, but those that need one for themselves one after the other on another.

        ``environment`` gives what a test needs besides what `packetd env` says.
        """

        def runner(clients: Clients) -> Callable[[str], Ended]:
            return lambda name: clients.run(
                [program, f"-test.run=^{name}$", "-test.v"], cwd=self.folder, **environment(name)
            )

        sweeping = [name for name in names if _SWEEPING.search(self.bodies[name])]
        others = [name for name in names if name not in sweeping]
        with (
            running(runner(Clients(new_server())), others, at_once=len(others) or 1) as together,
            running(runner(Clients(new_server())), sweeping, at_once=1) as alone,
        ):
            yield {**together, **alone}


def check(ended: Ended, name: str) -> None:
    """Raise ThirdPartyError unless the test says that it has passed; being skipped is not that."""
    ended.check()
    if f"--- PASS: {name} " not in ended.output:
        raise ThirdPartyError(ended.output)
