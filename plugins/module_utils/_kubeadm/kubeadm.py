# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running kubeadm.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .._node.command import environment
from .._reconcile import ResourceError

_TAIL = 15
"""Lines of kubeadm's output that an error repeats."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_KERNEL = re.compile(r"(OS|KERNEL_VERSION|CONFIG_\w+|CGROUPS_\w+): ")
"""The kernel's options, dozens of lines, which kubeadm lists where it has something to say of the system."""

_LOCK = "packet-kubeadm.lock"

_SECRETS = (
    # A bootstrap token.
    re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b"),
    # The key that encrypts certificates in the cluster; the pin of an authority is as long, but no secret.
    re.compile(r"(?<!sha256:)\b[0-9a-fA-F]{64}\b"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
)


def redacted(text: str) -> str:
    """The text without tokens, certificate keys and private keys. Pure."""
    for secret in _SECRETS:
        text = secret.sub("(secret)", text)
    return text


def last_words(said: str) -> str:
    """The end of kubeadm's output, as far as it explains a failure and without secrets. Pure."""
    lines = _COLOUR.sub("", redacted(said)).strip().splitlines()
    return "\n".join([line for line in lines if not _KERNEL.match(line)][-_TAIL:])


def checked_config(config: str) -> str:
    """kubeadm's configuration, if it is text in YAML. Raises ResourceError, which does not repeat it."""
    if not re.search(r"^\s*[\"']?(apiVersion|\{.*\"apiVersion\")", config, re.MULTILINE):
        raise ResourceError(
            "kubeadm: config is no YAML text of documents with apiVersion and kind; of a list of documents "
            "make it by `documents | map('to_json') | join('\\n---\\n')`"
        )
    return config


def run_kubeadm(words: Sequence[str], *, run: Path, timeout: float, config: str | None = None) -> str:
    """Runs kubeadm and gives what it said; timeout in seconds, `run` a directory that no restart outlives.

    The configuration goes by a file that only root can read and that is removed afterwards. Only one kubeadm
    runs on a machine at a time: one that outlived the run that started it is waited for.
    Raises ResourceError with the end of what it said, without secrets.
    """
    deadline = time.monotonic() + timeout
    with _alone(run, deadline) as lock, _secret_file(run / "packet-kubeadm.yaml", config) as options:
        code, said = _run(["kubeadm", *words, *options], deadline, lock)
    if code is None:
        problem = f"did not end within {timeout:.0f} s and was stopped; a next run goes on from there"
    elif code != 0:
        problem = f"failed with code {code}"
    else:
        return said
    verb = " ".join(word for word in words if not word.startswith("-"))
    raise ResourceError(f"kubeadm {verb} {problem}; it said:\n{last_words(said)}")


def wait_for_others(run: Path, timeout: float) -> None:
    """Waits until no kubeadm runs that an interrupted run has left; before then there is nothing to find out.

    Raises ResourceError where one still runs after so many seconds.
    """
    if (run / _LOCK).exists():
        with _alone(run, time.monotonic() + timeout):
            return


@contextmanager
def _secret_file(path: Path, config: str | None) -> Iterator[Sequence[str]]:
    """The options by which kubeadm reads it; the name is fixed so that no two are ever left."""
    if config is None:
        yield ()
        return
    path.unlink(missing_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(config)
        yield ("--config", str(path))
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _alone(run: Path, deadline: float) -> Iterator[IO[str]]:
    with open(run / _LOCK, "w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ResourceError(
                        "kubeadm: another one is still running on this machine; wait for it, or stop it"
                    ) from None
                time.sleep(1)
        yield lock


def _run(argv: Sequence[str], deadline: float, lock: IO[str]) -> tuple[int | None, str]:
    """The code and the output of a command; no code where it was stopped at the deadline."""
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # kubeadm holds the lock itself, so that it is held for as long as kubeadm lives.
            pass_fds=[lock.fileno()],
            start_new_session=True,
            env=environment(),
        )
    except FileNotFoundError:
        raise ResourceError("kubeadm is not installed on this machine; the module node installs it") from None
    try:
        said = process.communicate(timeout=max(1.0, deadline - time.monotonic()))[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        said = process.communicate()[0]
        return None, said
    return process.returncode, said
