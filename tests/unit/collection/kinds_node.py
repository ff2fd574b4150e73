# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kinds of what is on a machine, over a folder, a web server and fake commands."""

from __future__ import annotations

import grp
import hashlib
import io
import os
import pwd
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._node.absent import Absent
from ansible_collections.packet.kubernetes.plugins.module_utils._node.archive import Archive
from ansible_collections.packet.kubernetes.plugins.module_utils._node.binary import Binary
from ansible_collections.packet.kubernetes.plugins.module_utils._node.directory import Directory
from ansible_collections.packet.kubernetes.plugins.module_utils._node.file import File
from ansible_collections.packet.kubernetes.plugins.module_utils._node.part import Part
from ansible_collections.packet.kubernetes.plugins.module_utils._node.unit import Unit
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import reconcile
from kinds import Case, Outcome, World
from node_fakes import commands, served

ME = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}

Make = Callable[[Path, str, Mapping[str, Any]], Part]


def tree(folder: Path) -> dict[str, Any]:
    """All paths below a folder with modes and contents."""
    return {
        str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


def archive(**members: str) -> bytes:
    """A tar archive of these files, those whose name begins with `x` executable."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in members.items():
            member = tarfile.TarInfo(f"top/{name}")
            member.size, member.mode = len(text), 0o755 if name.startswith("x") else 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


PUBLISHED = {
    "tool": b"one",
    "tool-2": b"two",
    "thing-v1.0.tar.gz": archive(xrun="run", doc="text"),
    "thing-v1.1.tar.gz": archive(xrun="run faster", note="text"),
}


def digest(name: str) -> str:
    """The SHA-256 digest of what is published under a name."""
    return hashlib.sha256(PUBLISHED[name]).hexdigest()


class Folder:
    """A part of a machine in a folder; `made` is what it may change."""

    def __init__(self, path: Path, url: str, make: Make, absent: Callable[[Path], Part] | None) -> None:
        self._path, self._url, self._make, self._absent = path, url, make, absent
        self._last: Part | None = None

    def settle(self, wanted: Any, *, dry_run: bool) -> Outcome:
        if wanted is not None:
            part = self._last = self._make(self._path / "made", self._url, wanted)
            return reconcile(part, part.wanted(), dry_run=dry_run)
        part = self._absent(self._path / "made") if self._absent else self._last
        if part is None:
            part = self._make(self._path / "made", self._url, self._any)
        return reconcile(part, part.wanted() if self._absent else None, dry_run=dry_run)

    _any: Mapping[str, Any] = {}

    def knowing(self, wanted: Mapping[str, Any]) -> Folder:
        """The same, knowing what to remove where nothing was made."""
        self._any = wanted
        return self

    def state(self) -> Any:
        return tree(self._path / "made"), tree(self._path / "units")


def world(
    make: Make, wanted: Mapping[str, Any], absent: Callable[[Path], Part] | None = None
) -> Callable[[Path], AbstractContextManager[World]]:
    """What makes the folder, a web server and the commands."""

    @contextmanager
    def opened(path: Path) -> Iterator[World]:
        published = path / "published"
        published.mkdir()
        for name, content in PUBLISHED.items():
            (published / name).write_bytes(content)
        (path / "made").mkdir()
        with ExitStack() as stack:
            stack.enter_context(commands(path))
            url = stack.enter_context(served(published))
            yield Folder(path, url, make, absent).knowing(wanted)

    return opened


def file(made: Path, url: str, wanted: Mapping[str, Any]) -> Part:
    """A file, or a directory in its place."""
    if wanted.get("directory"):
        return Directory(str(made / "x/file"), **ME)
    return File(str(made / "x/file"), **{"content": "text\n", **ME, **wanted})


def directory(made: Path, url: str, wanted: Mapping[str, Any]) -> Part:
    """A directory, or a file in its place."""
    if wanted.get("file"):
        return File(str(made / "x/folder"), "", **ME)
    return Directory(str(made / "x/folder"), **{**ME, **wanted})


def binary(made: Path, url: str, wanted: Mapping[str, Any]) -> Part:
    """A program that is published under a name."""
    name = wanted["published"]
    mode = wanted.get("mode", "0755")
    return Binary(str(made / "bin/tool"), f"{url}/{name}", digest(name), mode, **ME)


def unpacked(made: Path, url: str, wanted: Mapping[str, Any]) -> Part:
    """An archive that is published under a name."""
    name = wanted["published"]
    return Archive("thing", f"{url}/{name}", digest(name), str(made / "into"), 1, lists=str(made / "lists"))


def unit(made: Path, url: str, wanted: Mapping[str, Any]) -> Part:
    """A unit of the fake systemctl."""
    return Unit("thing.service", **wanted)


def no_unit(made: Path) -> Part:
    """What comes nearest to no unit."""
    return Unit("thing.service", enabled=False, state="stopped")


def absent(made: Path) -> Part:
    """Nothing where the file is."""
    return Absent(str(made / "x/file"))


FIRST, SECOND = {"published": "thing-v1.0.tar.gz"}, {"published": "thing-v1.1.tar.gz"}

CASES = [
    Case("node file", world(file, {}), {}, {"content": "more\n", "mode": "0600"}, {"directory": True}),
    Case("node absent", world(file, {}, absent), {}, {"content": "more\n"}),
    Case("node directory", world(directory, {}), {}, {"mode": "0700"}, {"file": True}),
    Case("node binary", world(binary, {"published": "tool"}), {"published": "tool"}, {"published": "tool-2"}),
    Case("node archive", world(unpacked, FIRST), FIRST, SECOND),
    Case("node unit", world(unit, {}, no_unit), {}, {"state": "stopped"}),
]
