# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release archive whose members the machine has.

This module util is PRIVATE to the collection.

What the members of an archive are is only known once it was there, so a list of their digests stays beside
(sha256sum's own form, so that anybody can check it by hand). The list is a memory of what should be there,
never of what is: each probe computes the digests of the real files and compares.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, ClassVar

from .._reconcile import Attributes, ResourceError
from .binary import DOWNLOADED, checked_checksum, checked_url
from .download import download
from .inode import read_digests, remove, replacing
from .part import Part, checked, checked_path, quoted

if TYPE_CHECKING:
    from typing import Self

LISTS = "/usr/local/share/packet-kubernetes"

_LISTED = r"s/^[0-9a-f]\{64\}  //p"


@dataclass(frozen=True)
class Archive(Part):
    """The wanted members of a tar archive, unpacked into a directory."""

    name: ClassVar[str] = "archive"
    options: ClassVar[Mapping[str, Any]] = {
        "name": {"type": "str"},
        **DOWNLOADED,
        "into": {"type": "str", "required": True},
        "strip_components": {"type": "int", "default": 0},
        "include": {"type": "list", "elements": "str", "default": []},
    }

    product: str
    url: str
    checksum: str
    into: str
    strip_components: int = 0
    include: tuple[str, ...] = ()
    lists: str = LISTS

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Archive:
        """The archive of one entry of `archives`, its checksum already known. Raises ResourceError."""
        url = checked_url("archives.url", params["url"])
        product = params["name"] or product_of(url)
        return cls(
            checked("archives.name", product, r"\w[\w.-]*", "letters, digits, dots, dashes and underscores"),
            url,
            checked_checksum(f"archives.checksum of {product}", params["checksum"]),
            checked_path(f"archives.into of {product}", params["into"]),
            params["strip_components"],
            tuple(params["include"]),
        )

    @property
    def key(self) -> str:
        return self.product

    @property
    def list_path(self) -> str:
        """Where the list of the members' digests is."""
        return f"{self.lists}/{self.product}.sha256sums"

    @property
    def source(self) -> str:
        """All that decides which files there are."""
        include = f", only {' '.join(self.include)}" if self.include else ""
        strip = f", {self.strip_components} components stripped" if self.strip_components else ""
        return f"{self.checksum} in {self.into}{strip}{include}"

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        lists = quoted(part.list_path for part in parts)
        # The function is not known to xargs, hence the loop over pieces read by the shell itself.
        return (
            f'for list in {lists}; do [ -e "$list" ] || continue\n'
            f'echo "> $list"; cat "$list"; echo "< $list"\n'
            f"oldifs=$IFS; IFS='\n'; set -f; digest $(sed -n '{_LISTED}' \"$list\") </dev/null\n"
            f"set +f; IFS=$oldifs; done"
        )

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        sections: dict[str, list[str]] = {}
        section: list[str] = []
        for line in lines:
            if line.startswith(("> ", "< ")):
                section = sections.setdefault(line, [])
            else:
                section.append(line)
        return [
            part._read_list(sections[f"> {part.list_path}"], sections.get(f"< {part.list_path}", []))
            if f"> {part.list_path}" in sections
            else None
            for part in parts
        ]

    def _read_list(self, listed: Sequence[str], real: Sequence[str]) -> Attributes:
        header = listed[0].removeprefix("# ") if listed else ""
        expected, found = read_digests(listed), read_digests(real)
        return {
            "source": header,
            "damaged": sorted(path for path in expected if found.get(path) != expected[path]),
        }

    def wanted(self) -> Attributes:
        return {"source": self.source, "damaged": []}

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        old = self._listed()
        with tempfile.TemporaryFile() as packed:
            download(self.url, self.checksum, packed)
            new = dict(self._unpack(packed))
        if not new:
            raise self.error(f"{self.url} has no member that `include` and `strip_components` leave over")
        for path in old.difference(new):
            remove(path)
        lines = [f"# {self.source}", *(f"{digest}  {path}" for path, digest in sorted(new.items()))]
        with replacing(self.list_path, _ours("0644")) as file:
            file.write(("\n".join(lines) + "\n").encode())
        return self.wanted()

    def delete(self, found: Attributes) -> None:
        for path in self._listed():
            remove(path)
        remove(self.list_path)

    def _listed(self) -> set[str]:
        if not os.path.exists(self.list_path):
            return set()
        return set(read_digests(Path(self.list_path).read_text().splitlines()))

    def _unpack(self, packed: IO[bytes]) -> Iterator[tuple[str, str]]:
        """Unpacks the wanted members; gives the paths and digests of those that are files."""
        packed.seek(0)
        try:
            with tarfile.open(fileobj=packed) as tar:
                for member in tar:
                    path = self._place(member)
                    if path is None:
                        continue
                    if member.issym():
                        _link(path, member.linkname)
                    else:
                        yield path, _write(tar, member, path)
        except tarfile.TarError as error:
            raise self.error(f"{self.url} cannot be unpacked: {error}") from None

    def _place(self, member: tarfile.TarInfo) -> str | None:
        """Where a member goes, None for one that is not wanted. Raises ResourceError."""
        words = [word for word in PurePosixPath(member.name).parts if word != "."][self.strip_components :]
        if not words or not (member.isfile() or member.islnk() or member.issym()):
            return None
        inner = "/".join(words)
        if self.include and not any(fnmatch.fnmatch(inner, pattern) for pattern in self.include):
            return None
        target = PurePosixPath(member.linkname) if member.issym() else PurePosixPath()
        if ".." in words or "/" in words or ".." in target.parts or target.is_absolute():
            raise self.error(f"{self.url} has the member {member.name}, which leads out of {self.into}")
        return checked_path(f"archive {self.product}: member", f"{self.into}/{inner}")


def product_of(url: str) -> str:
    """The name of an archive without its version: containerd for .../containerd-2.4.2-linux-amd64.tar.gz."""
    name = re.sub(r"\.(tar\.\w+|tgz|txz|tar)$", "", url.rstrip("/").rsplit("/", 1)[-1].split("?")[0])
    return re.sub(r"[-_]v?\d+\..*$", "", name)


def _link(path: str, target: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.packet-link"
    remove(temporary)
    os.symlink(target, temporary)
    os.replace(temporary, path)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> str:
    """Puts one member at the path, as a whole and at once; gives its digest."""
    content = tar.extractfile(member)
    if content is None:
        raise ResourceError(
            f"archive: the member {member.name} is no file, and neither is what it stands for"
        )
    digest = hashlib.sha256()
    with content, replacing(path, _ours("0755" if member.mode & 0o100 else "0644")) as file:
        while piece := content.read(1 << 20):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _ours(mode: str) -> Mapping[str, str]:
    return {"owner": str(os.getuid()), "group": str(os.getgid()), "mode": mode}
