# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text file, its content known to the controller.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from .inode import OWNERSHIP, checked_mode
from .part import checked_path
from .whole_file import WholeFile


@dataclass(frozen=True)
class File(WholeFile):
    """A text file with this content."""

    name: ClassVar[str] = "file"
    follows_links: ClassVar[bool] = False
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
    def sha256(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()

    def write(self, file: IO[bytes]) -> None:
        file.write(self.content.encode())
