# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a command on the machine.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from .._reconcile import ResourceError

_ADMINISTRATION = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment(**more: str) -> dict[str, str]:
    """The environment for commands: English, and a path with what a login of another kind may leave out."""
    path = f"{os.environ.get('PATH', os.defpath)}:{_ADMINISTRATION}"
    return {**os.environ, "LC_ALL": "C", "PATH": path, **more}


def installed(program: str) -> bool:
    """Whether there is a program of this name."""
    return shutil.which(program, path=environment()["PATH"]) is not None


def output_of(
    argv: Sequence[str],
    *,
    stdin: str = "",
    variables: Mapping[str, str] | None = None,
    timeout: float = 900,
) -> str:
    """Runs a command and gives its standard output; timeout in seconds.

    Raises ResourceError with the end of what it said where it fails, cannot be found or takes too long.
    """
    shown = " ".join(argv)
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            env=environment(**(variables or {})),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise ResourceError(f"`{shown}`: {argv[0]} is not installed on this machine") from None
    except subprocess.TimeoutExpired:
        raise ResourceError(f"`{shown}` did not end within {timeout:.0f} s") from None
    if done.returncode != 0:
        said = " / ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-5:])
        raise ResourceError(f"`{shown}` failed with code {done.returncode}: {said}")
    return done.stdout
