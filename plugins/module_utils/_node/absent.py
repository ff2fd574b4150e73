# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A path where nothing shall be.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .._reconcile import Attributes, ResourceError
from .inode import read_stat, remove, stat_script, type_of
from .part import Part, checked_path

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True)
class Absent(Part):
    """A path where neither file nor directory shall be."""

    name: ClassVar[str] = "absent"

    path: str

    @classmethod
    def from_path(cls, path: str) -> Absent:
        """The entry of `absent`. Raises ResourceError for a path whose removal would break the machine."""
        if checked_path("absent", path).count("/") < 2:
            raise ResourceError(f"node: absent: {path} is a top directory of the machine; name what is in it")
        return cls(path)

    @property
    def key(self) -> str:
        return self.path

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        return stat_script([part.path for part in parts])

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        inodes = read_stat(lines)
        return [{"type": type_of(inode)} if (inode := inodes.get(part.path)) else None for part in parts]

    def wanted(self) -> None:
        return None

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        raise self.error("nothing is wanted here, so there is nothing to change")

    def delete(self, found: Attributes) -> None:
        remove(self.path)
