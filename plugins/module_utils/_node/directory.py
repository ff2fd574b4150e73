# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .._reconcile import Attributes
from .inode import OWNERSHIP, checked_mode, ownership, read_stat, remove, set_ownership, stat_script, type_of
from .part import Part, checked_path

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True)
class Directory(Part):
    """A directory, or a symbolic link to one (a disk elsewhere), whatever is in it."""

    name: ClassVar[str] = "directory"
    immutable: ClassVar[frozenset[str]] = frozenset({"type"})
    options: ClassVar[Mapping[str, Any]] = {
        "path": {"type": "str", "required": True},
        **OWNERSHIP,
        "mode": {"type": "str", "default": "0755"},
    }

    path: str
    owner: str = "root"
    group: str = "root"
    mode: str = "0755"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Directory:
        """The directory of one entry of `directories`. Raises ResourceError."""
        path = checked_path("directories.path", params["path"])
        mode = checked_mode(f"directories.mode of {path}", params["mode"])
        return cls(path, params["owner"], params["group"], mode)

    @property
    def key(self) -> str:
        return self.path

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        return stat_script([part.path for part in parts], follow=True)

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        inodes = read_stat(lines)
        return [
            {"type": type_of(inode), **ownership(inode, part.owner, part.group)}
            if (inode := inodes.get(part.path))
            else None
            for part in parts
        ]

    def wanted(self) -> Attributes:
        return {"type": "directory", "owner": self.owner, "group": self.group, "mode": self.mode}

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        os.makedirs(self.path, exist_ok=True)
        set_ownership(self.path, self.wanted())
        return self.wanted()

    def delete(self, found: Attributes) -> None:
        remove(self.path)
