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
from lab.state import State, cache


def down() -> None:
    """Removes devices, networks, routes, servers and the state folder; twice is no error. Raises LabError."""
    state = State.of_environment()
    if state.packetd.exists():
        print("removing devices, their network and routes", flush=True)
        servers.stop(state)
        servers.destroy_machines(state)
    for path in state.made:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if state.root.is_dir() and not any(state.root.iterdir()):
        state.root.rmdir()
    dockerd.stop_if_ours_and_unused()
    print("nothing of it is left", flush=True)


def clean() -> None:
    """Takes the lab down and removes image and mirror, which all labs share. Raises LabError."""
    if dockerd.answers():
        images = subprocess.run(
            ["docker", "image", "ls", "--quiet", "--filter", "reference=packetd/*"],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        if images:
            subprocess.run(["docker", "image", "rm", "--force", *images], check=True, capture_output=True)
    down()
    print(f"removing {cache()}", flush=True)
    if cache().exists():
        shutil.rmtree(cache(), onerror=_make_writable)


def _make_writable(remove: Callable[[str], object], path: str, _error: object) -> None:
    """Go keeps its module cache read-only: its folders have to be opened before they can be emptied."""
    for folder in (Path(path).parent, Path(path)):
        os.chmod(folder, folder.stat().st_mode | stat.S_IRWXU)
    remove(path)
