# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a state directory is: one server's at a time, and its files their owner's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from packetd.settings import Serving, State


class ServerError(Exception):
    """What was asked of packetd cannot be done; the message is for the operator, with the remedy."""


@contextlib.contextmanager
def locked(state: State) -> Iterator[None]:
    """Own a state directory, which is made when it is not there; raises ServerError when another does."""
    state.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with state.lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerError(
                f"state directory {state.directory} is in use by another packetd (pid {_owner(file)});"
                " stop that one, or give --state another directory"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _owner(file: IO[str]) -> str:
    file.seek(0)
    return file.read() or "unknown"


def serving(state: State) -> Serving | None:
    """Where the server of this state listens; None when none is running."""
    if not state.serving.exists() or not state.lock.exists():
        return None
    with state.lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return msgspec.json.decode(state.serving.read_bytes(), type=Serving)
    return None


def identity(state: State) -> str:
    """The id of a state directory, which it is given when it is first asked for."""
    if not state.identity.exists():
        write_private(state.identity, str(uuid.uuid4()).encode() + b"\n")
    return state.identity.read_text().strip()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    unfinished.replace(path)
