# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes what `up` made, and only that."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from lab import dockerd, servers
from lab.failure import LabError
from lab.state import State, cache


def down() -> None:
    """Removes devices, networks, routes, servers and the state folder; twice is no error. Raises LabError."""
    _remove(State.of_environment())
    dockerd.stop_if_ours_and_unused()
    print("nothing of it is left", flush=True)


def clean() -> None:
    """Takes the lab down and removes image and mirror, which all labs share. Raises LabError."""
    _remove(State.of_environment())
    if shutil.which("dockerd"):
        dockerd.ensure_running(print)
        _remove_images()
        dockerd.stop_if_ours_and_unused()
    print(f"removing {cache()}", flush=True)
    if cache().exists():
        shutil.rmtree(cache(), onerror=_make_writable)


def _remove(state: State) -> None:
    if state.packetd.exists():
        print("removing devices, their network and routes", flush=True)
        servers.stop(state)
        dockerd.ensure_running(print)
        servers.destroy_machines(state)
    for path in state.made:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if state.root.is_dir() and not any(state.root.iterdir()):
        state.root.rmdir()


def _remove_images() -> None:
    """Those that no device of another lab runs on."""
    for image in _docker("image", "ls", "--quiet", "--filter", "reference=packetd/*"):
        if not _docker("ps", "--all", "--quiet", "--filter", f"ancestor={image}"):
            _docker("image", "rm", "--force", image)


def _docker(*arguments: str) -> list[str]:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"docker {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.split()


def _make_writable(remove: Callable[[str], object], path: str, _error: object) -> None:
    """Go keeps its module cache read-only: its folders have to be opened before they can be emptied."""
    for folder in (Path(path).parent, Path(path)):
        os.chmod(folder, folder.stat().st_mode | stat.S_IRWXU)
    remove(path)
