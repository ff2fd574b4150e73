# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that outlive the command that starts them, known by a pid file and ended only if still the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.failure import LabError

PATIENCE = 60.0
"""Seconds for a server to answer once started, and to end once asked."""

_PAUSE = 0.1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STATE, _STARTED = 0, 19
"""Where /proc/<pid>/stat has them, counted after the name (proc_pid_stat(5): fields 3 and 22)."""


@dataclass(frozen=True)
class Server:
    """A program that runs in the background."""

    name: str
    """What messages call it."""

    command: tuple[str, ...]
    health_url: str
    """Answers with success once the server is ready."""

    pid_file: Path
    log: Path
    """What it says is added there; readable by its owner only."""


def start(server: Server, environment: Mapping[str, str] | None = None, patience: float = PATIENCE) -> bool:
    """Starts a server unless it runs already, and waits until it is healthy; whether it was started.

    One that ends at once or never becomes healthy is a LabError with the last line of its log; it is then not
    left running. `environment` is added to this process's own.
    """
    if running(server.pid_file) is not None:
        _wait_until_healthy(server, lambda: running(server.pid_file) is not None, patience)
        return False
    if _healthy(server.health_url):
        raise LabError(
            f"{server.name} cannot be started: another program answers at {server.health_url}; end that first"
        )
    process = _launch(server, environment or {})
    try:
        _wait_until_healthy(server, lambda: process.poll() is None, patience)
    except BaseException:
        # An interruption too: a server that nobody has seen healthy is of no use to the next run.
        process.kill()
        process.wait()
        server.pid_file.unlink(missing_ok=True)
        raise
    return True


def stop(pid_file: Path, patience: float = PATIENCE) -> bool:
    """Ends the server of a pid file, if need be by force, and removes the file; whether one was running.

    A process that merely has got the same number since is left alone. Raises LabError.
    """
    pid = running(pid_file)
    if pid is not None:
        _signal(pid, signal.SIGTERM)
        if not _ended(pid_file, patience):
            _signal(pid, signal.SIGKILL)
            if not _ended(pid_file, patience):
                raise LabError(f"process {pid} of {pid_file} cannot be ended; see why with: ps -fp {pid}")
    pid_file.unlink(missing_ok=True)
    return pid is not None


def running(pid_file: Path) -> int | None:
    """The pid of the server that a pid file speaks of, None if it has ended. Raises LabError."""
    try:
        noted = json.loads(pid_file.read_text())
        pid, identity = int(noted["pid"]), str(noted["identity"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabError(
            f"{pid_file} cannot be understood: {error}; end the server by hand, then remove the file"
        ) from error
    return pid if _identity(pid) == identity else None


def _launch(server: Server, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    server.log.parent.mkdir(parents=True, exist_ok=True)
    server.pid_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(server.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            process = subprocess.Popen(
                server.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                # A session of its own: an interrupt at the terminal is for the command, not for the server.
                start_new_session=True,
            )
    except OSError as error:
        raise LabError(f"{server.name} cannot be started: {error.filename}: {error.strerror}") from error
    identity = _identity(process.pid)
    temporary = server.pid_file.with_name(f"{server.pid_file.name}.new")
    temporary.write_text(json.dumps({"pid": process.pid, "identity": identity}))
    temporary.replace(server.pid_file)
    return process


def _identity(pid: int) -> str | None:
    """What no later process of this number shares: when it started, in which boot; None if it has ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name is in parentheses and may itself hold blanks and parentheses.
    fields = status.rpartition(")")[2].split()
    if fields[_STATE] in "ZX":
        return None
    return f"{_BOOT_ID.read_text().strip()} {fields[_STARTED]}"


def _wait_until_healthy(server: Server, alive: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not _healthy(server.health_url):
        if not alive():
            raise LabError(f"{server.name} ended: {_last_line(server.log)} (log: {server.log})")
        if time.monotonic() > deadline:
            raise LabError(
                f"{server.name} does not answer at {server.health_url} after {patience:g} s: "
                f"{_last_line(server.log)} (log: {server.log})"
            )
        time.sleep(_PAUSE)


def _healthy(url: str) -> bool:
    # Our own servers are on this machine, whatever proxy is set for the rest of the world.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise LabError(f"process {pid} belongs to another user; run this as that user or as root") from error


def _ended(pid_file: Path, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while running(pid_file) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True
