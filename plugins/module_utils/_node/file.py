# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text file, its content known to the controller.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .._reconcile import Attributes
from .inode import (
    OWNERSHIP,
    checked_mode,
    digest_script,
    ownership,
    read_digests,
    read_stat,
    remove,
    replacing,
    set_ownership,
    stat_script,
    type_of,
)
from .part import Part, checked_path

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True)
class File(Part):
    """A text file with this content."""

    name: ClassVar[str] = "file"
    immutable: ClassVar[frozenset[str]] = frozenset({"type"})
    options: ClassVar[Mapping[str, Any]] = {
        "path": {"type": "str", "required": True},
        # Never logged, whether sensitive or not: a log is no place for files.
        "content": {"type": "str", "no_log": True},
        "src": {"type": "path"},
        **OWNERSHIP,
        "mode": {"type": "str", "default": "0644"},
        "sensitive": {"type": "bool", "default": False},
    }

    path: str
    content: str
    owner: str = "root"
    group: str = "root"
    mode: str = "0644"
    sensitive: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> File:
        """The file of one entry of `files`, its `src` already read into `content`. Raises ResourceError."""
        path = checked_path("files.path", params["path"])
        mode = checked_mode(f"files.mode of {path}", params["mode"])
        return cls(path, params["content"], params["owner"], params["group"], mode, params["sensitive"])

    @property
    def key(self) -> str:
        return self.path

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        paths = [part.path for part in parts]
        return f"{stat_script(paths)}\n{digest_script(paths)}"

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        inodes, digests = read_stat(lines), read_digests(lines)
        return [
            {
                "type": type_of(inode),
                # A link is replaced by a file, whatever is in the file that it leads to.
                "sha256": digests.get(part.path) if inode.type.startswith("regular") else inode.type,
                **ownership(inode, part.owner, part.group),
            }
            if (inode := inodes.get(part.path))
            else None
            for part in parts
        ]

    def wanted(self) -> Attributes:
        return {
            "type": "file",
            "sha256": hashlib.sha256(self.content.encode()).hexdigest(),
            "owner": self.owner,
            "group": self.group,
            "mode": self.mode,
        }

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        wanted = self.wanted()
        if "sha256" in changes:
            with replacing(self.path, wanted) as file:
                file.write(self.content.encode())
        else:
            set_ownership(self.path, wanted)
        return wanted

    def delete(self, found: Attributes) -> None:
        remove(self.path)
