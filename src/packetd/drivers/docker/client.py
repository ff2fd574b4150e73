# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks to Docker through its own command line, and turns refusals into DriverErrors with a remedy."""

from __future__ import annotations

import subprocess

from packetd.drivers import DriverError


def run(*arguments: str) -> str:
    """Run ``docker`` with these arguments and return what it prints; raises DriverError."""
    done = _docker(*arguments)
    if done.returncode != 0:
        raise _error(arguments, done.stderr)
    return done.stdout.strip()


def succeeds(*arguments: str) -> bool:
    """Whether Docker knows the object asked for; raises DriverError when Docker itself does not answer."""
    done = _docker(*arguments)
    if done.returncode != 0 and "no such" not in done.stderr.lower():
        raise _error(arguments, done.stderr)
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
    if "Cannot connect to the Docker daemon" in message:
        return DriverError(
            "the Docker daemon does not answer; remedy: systemctl start docker, or python -m lab.dockerd",
            retryable=True,
        )
    return DriverError(f"docker {arguments[0]}: {message}", retryable="timeout" in message)
