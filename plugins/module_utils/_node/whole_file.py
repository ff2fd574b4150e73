# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that has one content as a whole, wherever that comes from.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, ClassVar

from .._reconcile import Attributes
from .inode import (
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
from .part import Part

if TYPE_CHECKING:
    from typing import Self


class WholeFile(Part):
    """A file known by its digest; another content takes its place at once."""

    immutable: ClassVar[frozenset[str]] = frozenset({"type"})
    follows_links: ClassVar[bool]
    """Whether a symbolic link counts as the file that it leads to; else it is replaced by a file."""

    # Fields of the dataclasses that derive from this, in an order of their own.
    path: str
    owner: str
    group: str
    mode: str

    @property
    def key(self) -> str:
        return self.path

    @property
    @abstractmethod
    def sha256(self) -> str:
        """The digest of the wanted content, in hexadecimal digits."""

    @abstractmethod
    def write(self, file: IO[bytes]) -> None:
        """Writes the wanted content. Raises ResourceError."""

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        paths = [part.path for part in parts]
        return f"{stat_script(paths, follow=cls.follows_links)}\n{digest_script(paths)}"

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        inodes, digests = read_stat(lines), read_digests(lines)
        return [
            {
                "type": type_of(inode),
                # Of a link that is not followed the digest would be that of the file it leads to.
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
            "sha256": self.sha256,
            "owner": self.owner,
            "group": self.group,
            "mode": self.mode,
        }

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        wanted = self.wanted()
        if "sha256" in changes:
            with replacing(self.path, wanted) as file:
                self.write(file)
        else:
            set_ownership(self.path, wanted)
        return wanted

    def delete(self, found: Attributes) -> None:
        remove(self.path)
