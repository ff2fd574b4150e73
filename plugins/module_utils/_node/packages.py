# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of the distribution.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .._reconcile import Attributes, ResourceError
from .command import output_of
from .part import Part, checked, quoted

if TYPE_CHECKING:
    from typing import Self

_APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300")


@dataclass(frozen=True)
class Packages(Part):
    """All wanted packages as one thing: installing them together costs what installing one costs."""

    name: ClassVar[str] = "packages"

    packages: tuple[str, ...]

    @classmethod
    def from_names(cls, names: Sequence[str]) -> Packages:
        """The packages of these names. Raises ResourceError."""
        for name in names:
            checked("packages", name, r"[a-z0-9][a-z0-9+.-]+", "names of Debian packages")
        return cls(tuple(names))

    @property
    def key(self) -> str:
        return "apt"

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        names = quoted(name for part in parts for name in part.packages)
        return f"dpkg-query -W -f '${{db:Status-Status}} ${{Package}}\\n' {names} 2>/dev/null"

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        return [{name: f"installed {name}" in lines for name in part.packages} for part in parts]

    def wanted(self) -> Attributes:
        return dict.fromkeys(self.packages, True)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        install = [*_APT, "install", "--no-install-recommends", *changes]
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            output_of(install, variables=quiet)
        except ResourceError:
            # The lists of packages are missing or too old.
            output_of([*_APT, "update"], variables=quiet)
            output_of(install, variables=quiet)
        return self.wanted()
