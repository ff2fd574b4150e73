# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks to Docker through its own command line, and turns refusals into DriverErrors with a remedy."""

from __future__ import annotations

import re
import subprocess

from packetd.drivers import DriverError

# The words differ between versions of Docker.
_UNREACHABLE = re.compile("(cannot|failed to) connect to the docker", re.IGNORECASE)
_MISSING = re.compile("no such (image|network|object)|not found", re.IGNORECASE)


def run(*arguments: str) -> str:
    """Run ``docker`` with these arguments and return what it prints; raises DriverError."""
    done = _docker(*arguments)
    if done.returncode != 0:
        raise _error(arguments, done.stderr)
    return done.stdout.strip()


def exists(kind: str, name: str) -> bool:
    """Whether Docker has this ``network`` or ``image``; raises DriverError when Docker does not answer."""
    done = _docker(kind, "inspect", "--format", "{{.ID}}", name)
    if done.returncode != 0 and not _MISSING.search(done.stderr):
        raise _error((kind,), done.stderr)
    return done.returncode == 0


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(("docker", *arguments), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise DriverError("the docker command is not installed; remedy: apt-get install docker.io") from None


def _error(arguments: tuple[str, ...], message: str) -> DriverError:
    message = " ".join(message.split())
    if "permission denied" in message and "docker" in message:
        return DriverError("no right to use Docker; remedy: run packetd as root (sudo)")
    if _UNREACHABLE.search(message):
        return DriverError(
            "the Docker daemon does not answer; remedy: systemctl start docker, or python -m lab.dockerd",
            retryable=True,
        )
    return DriverError(f"docker {arguments[0]}: {message}", retryable="timeout" in message)
