# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes sure that a Docker daemon runs, and ends the one it started when nobody needs it any more.

Where systemd runs and knows docker.service, that is started and then left to the system. Elsewhere
dockerd becomes a process of its own, shared by all checkouts of the host, with pid file and log under
``/run/packet-kubernetes``. ``python -m lab.dockerd`` starts, ``python -m lab.dockerd stop`` ends it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.failure import LabError

RUN = Path("/run/packet-kubernetes")
PID_FILE = RUN / "dockerd.pid"
LOG = RUN / "dockerd.log"
# The device networks bring their own packet filter and need none of dockerd's: it leaves the host's
# tables and forwarding as they are, and makes no bridge of its own.
FLAGS = (
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
    "--userland-proxy=false",
)
_SECONDS = 60.0


class DockerdError(LabError):
    """The daemon cannot be started or ended; the message says what to do."""


def ensure_running(progress: Callable[[str], None] = lambda _message: None) -> None:
    """Return when Docker answers; raises DockerdError with a remedy."""
    if answers():
        return
    if os.geteuid() != 0:
        raise DockerdError(
            "Docker does not answer and only root can start it; remedy: run the same with sudo"
        )
    with _alone():
        if answers():
            return
        if _has_service():
            progress("starting docker.service")
            _run("systemctl", "start", "docker.service")
            _wait_for(answers, "docker.service does not answer; see journalctl -u docker.service")
        else:
            progress("starting dockerd")
            _spawn()


def stop_if_ours_and_unused() -> bool:
    """End the dockerd that this module started unless a container or network exists; whether it was ended."""
    if not _ours():
        return False
    with _alone():
        if not _ours() or _in_use():
            return False
        pid = int(PID_FILE.read_text())
        os.kill(pid, signal.SIGTERM)
        _wait_for(lambda: not _is_dockerd(pid), f"dockerd (pid {pid}) does not end; see {LOG}")
        PID_FILE.unlink(missing_ok=True)
    return True


def _spawn() -> None:
    if not shutil.which("dockerd"):
        raise DockerdError("dockerd is not installed; remedy: apt-get install docker.io")
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            ("dockerd", f"--pidfile={PID_FILE}", *FLAGS),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    _wait_for(lambda: process.poll() is not None or answers(), f"dockerd does not answer; see {LOG}")
    if process.poll() is not None:
        raise DockerdError(
            f"dockerd ended at once: {LOG.read_text().splitlines()[-1]}; all of it is in {LOG}"
        )


def answers() -> bool:
    if not shutil.which("docker"):
        raise DockerdError("docker is not installed; remedy: apt-get install docker.io")
    return _quiet("docker", "version")


def _has_service() -> bool:
    return Path("/run/systemd/system").is_dir() and _quiet("systemctl", "cat", "docker.service")


def _in_use() -> bool:
    networks = set(_run("docker", "network", "ls", "--format", "{{.Name}}").split())
    return bool(_run("docker", "ps", "--all", "--quiet").split()) or networks > {"none", "host"}


def _ours() -> bool:
    return PID_FILE.exists() and _is_dockerd(int(PID_FILE.read_text()))


def _is_dockerd(pid: int) -> bool:
    """Whether this process still lives and is no other one with a number used again."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.startswith(f"{pid} (dockerd) ") and f"{pid} (dockerd) Z" not in status


def _quiet(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DockerdError(f"{' '.join(command)}: {' '.join(done.stderr.split())}")
    return done.stdout


def _wait_for(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise DockerdError(f"after {_SECONDS:.0f} s: {complaint}")
        time.sleep(0.1)


@contextmanager
def _alone() -> Iterator[None]:
    """Checkouts start and end the daemon in turn."""
    RUN.mkdir(parents=True, exist_ok=True)
    with (RUN / "dockerd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Entry point of ``python -m lab.dockerd [stop]``."""
    try:
        if sys.argv[1:] == ["stop"]:
            print(
                "dockerd ended" if stop_if_ours_and_unused() else "dockerd is not ours, or in use: left alone"
            )
        else:
            ensure_running(print)
    except DockerdError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
