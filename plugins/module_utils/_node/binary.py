# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that the machine downloads.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .._reconcile import Attributes
from .download import download
from .inode import (
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
from .part import Part, checked, checked_path

if TYPE_CHECKING:
    from typing import Self

DOWNLOADED: Mapping[str, Any] = {
    "url": {"type": "str", "required": True},
    "checksum": {"type": "str"},
}


def checked_url(field: str, url: str) -> str:
    """The URL, if it is one of HTTP. Raises ResourceError."""
    return checked(field, url, r"https?://[^\s/]+/\S+", "an http or https URL of a file")


def checked_checksum(field: str, checksum: str) -> str:
    """The SHA-256 digest in lower case. Raises ResourceError."""
    return checked(field, checksum.lower(), "[0-9a-f]{64}", "a SHA-256 digest of 64 hexadecimal digits")


@dataclass(frozen=True)
class Binary(Part):
    """A file with a known digest, downloaded from a URL where it is not there already."""

    name: ClassVar[str] = "binary"
    immutable: ClassVar[frozenset[str]] = frozenset({"type"})
    options: ClassVar[Mapping[str, Any]] = {
        "path": {"type": "str", "required": True},
        **DOWNLOADED,
        "mode": {"type": "str", "default": "0755"},
    }

    path: str
    url: str
    checksum: str
    mode: str = "0755"
    owner: str = "root"
    group: str = "root"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Binary:
        """The binary of one entry of `binaries`, its checksum already known. Raises ResourceError."""
        path = checked_path("binaries.path", params["path"])
        return cls(
            path,
            checked_url(f"binaries.url of {path}", params["url"]),
            checked_checksum(f"binaries.checksum of {path}", params["checksum"]),
            checked_mode(f"binaries.mode of {path}", params["mode"]),
        )

    @property
    def key(self) -> str:
        return self.path

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        paths = [part.path for part in parts]
        return f"{stat_script(paths, follow=True)}\n{digest_script(paths)}"

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        inodes, digests = read_stat(lines), read_digests(lines)
        return [
            {
                "type": type_of(inode),
                "sha256": digests.get(part.path),
                **ownership(inode, part.owner, part.group),
            }
            if (inode := inodes.get(part.path))
            else None
            for part in parts
        ]

    def wanted(self) -> Attributes:
        return {
            "type": "file",
            "sha256": self.checksum,
            "owner": self.owner,
            "group": self.group,
            "mode": self.mode,
        }

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        wanted = self.wanted()
        if "sha256" in changes:
            with replacing(self.path, wanted) as file:
                download(self.url, self.checksum, file)
        else:
            set_ownership(self.path, wanted)
        return wanted

    def delete(self, found: Attributes) -> None:
        remove(self.path)
