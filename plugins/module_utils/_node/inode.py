# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths: what is there, whose it is, what is in it; and how a file is written so that nobody sees half of it.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .._reconcile import Attributes, ResourceError
from .part import checked, quoted

OWNERSHIP: Mapping[str, Any] = {
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}


@dataclass(frozen=True)
class Inode:
    """What stat says of a path."""

    type: str
    mode: str
    user: str
    group: str
    uid: str
    gid: str
    modified: float
    """Seconds since the epoch."""


def stat_script(paths: Sequence[str], *, follow: bool = False) -> str:
    """POSIX sh that prints a line for each of these paths that exists; `follow` follows symbolic links."""
    return f"stat {'-L ' if follow else ''}-c '%F|%a|%U|%G|%u|%g|%.9Y|%n' -- {quoted(paths)} 2>/dev/null"


def digest_script(paths: Sequence[str]) -> str:
    """POSIX sh that prints the SHA-256 digest of each of these paths that can be read as a file."""
    return f"digest {quoted(paths)}"


def read_stat(lines: Sequence[str]) -> dict[str, Inode]:
    """The answers of the stat script by path; lines of other forms are passed over."""
    inodes: dict[str, Inode] = {}
    for line in lines:
        fields = line.split("|", 7)
        if len(fields) == 8:
            kind, mode, user, group, uid, gid, modified, path = fields
            inodes[path] = Inode(kind, mode.zfill(4), user, group, uid, gid, float(modified))
    return inodes


def read_digests(lines: Sequence[str]) -> dict[str, str]:
    """The answers of the digest script by path; lines of other forms are passed over."""
    return {line[66:]: line[:64] for line in lines if line[64:66] in ("  ", " *")}


def type_of(inode: Inode) -> str:
    """file, directory or other. A symbolic link counts as a file, since writing a file replaces it."""
    if inode.type.startswith("regular") or inode.type == "symbolic link":
        return "file"
    return "directory" if inode.type == "directory" else "other"


def ownership(inode: Inode, owner: str, group: str) -> Attributes:
    """owner, group and mode as found; by number where what is wanted is given by number."""
    return {
        "owner": inode.uid if owner.isdigit() else inode.user,
        "group": inode.gid if group.isdigit() else inode.group,
        "mode": inode.mode,
    }


def checked_mode(field: str, mode: str) -> str:
    """The mode as four octal digits. Raises ResourceError.

    Three digits without the leading zero are refused: they are what YAML makes of an unquoted 0644 (420).
    """
    return checked(field, mode, "[0-7]{4}", "a quoted number of four octal digits such as '0644'")


def owner_ids(owner: str, group: str) -> tuple[int, int]:
    """The numbers of a user and a group on this machine. Raises ResourceError."""
    try:
        uid = int(owner) if owner.isdigit() else pwd.getpwnam(owner).pw_uid
        gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise ResourceError(f"node: this machine has no such user or group: {error.args[0]}") from None
    return uid, gid


def set_ownership(path: str, wanted: Mapping[str, Any]) -> None:
    """Gives a path the wanted owner, group and mode. Raises ResourceError."""
    uid, gid = owner_ids(wanted["owner"], wanted["group"])
    os.chown(path, uid, gid)
    os.chmod(path, int(wanted["mode"], 8))


@contextmanager
def replacing(path: str, wanted: Mapping[str, Any]) -> Iterator[IO[bytes]]:
    """A file to write into, which takes the place of `path` at once when the block ends without an error.

    It is private to its owner until it has the wanted owner, group and mode.
    """
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".packet-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        set_ownership(temporary, wanted)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def remove(path: str) -> None:
    """Removes a path with all that is under it; one that is already gone is no error."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except FileNotFoundError:
        return
