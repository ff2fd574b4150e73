# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that hold keys and certificates: written whole or not at all, never readable by others in between.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import os
import tempfile

from .._reconcile import ResourceError

PRIVATE = "0600"
"""The mode of what holds a private key."""

PUBLIC = "0644"
"""The mode of certificates and public keys."""

_DIRECTORY = 0o700


def read(path: str) -> bytes | None:
    """The content of a file, None where there is none. Raises ResourceError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResourceError(f"cannot read {path}: {error.strerror}") from error


def mode(path: str) -> str | None:
    """The mode of a file as four octal digits, None where there is no such file."""
    try:
        return f"{os.stat(path).st_mode & 0o7777:04o}"
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResourceError(f"cannot look at {path}: {error.strerror}") from error


def set_mode(path: str, wanted: str) -> None:
    """Gives a file its mode. Raises ResourceError."""
    try:
        os.chmod(path, int(wanted, 8))
    except OSError as error:
        raise ResourceError(f"cannot set the mode of {path} to {wanted}: {error.strerror}") from error


def write(path: str, content: bytes, wanted: str) -> None:
    """Replaces a file in one step and makes sure that it is on the disk. Raises ResourceError.

    Directories that do not exist yet are made with mode 0700. The content is first written to a file beside
    it that only its owner can read.
    """
    directory = os.path.dirname(os.path.abspath(path))
    try:
        _make_directories(directory)
        handle, temporary = tempfile.mkstemp(dir=directory, prefix=f".{os.path.basename(path)}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), int(wanted, 8))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        _sync_directory(directory)
    except OSError as error:
        raise ResourceError(f"cannot write {path}: {error.strerror}") from error


def remove(path: str) -> None:
    """Removes a file; one that is already gone is no error. Raises ResourceError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ResourceError(f"cannot remove {path}: {error.strerror}") from error


def _make_directories(directory: str) -> None:
    # os.makedirs gives its mode to the last directory only, and a parent of keys must be closed as well.
    missing = []
    while not os.path.isdir(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
    for path in reversed(missing):
        os.mkdir(path, _DIRECTORY)


def _sync_directory(directory: str) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
