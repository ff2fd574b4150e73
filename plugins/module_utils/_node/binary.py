# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that the machine downloads.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from .download import download
from .inode import checked_mode
from .part import checked, checked_path
from .whole_file import WholeFile

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
class Binary(WholeFile):
    """A file with a known digest, downloaded from a URL where it is not there already."""

    name: ClassVar[str] = "binary"
    follows_links: ClassVar[bool] = True
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
    def sha256(self) -> str:
        return self.checksum

    def write(self, file: IO[bytes]) -> None:
        download(self.url, self.checksum, file)
