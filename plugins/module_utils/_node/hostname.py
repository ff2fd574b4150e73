# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name by which the running kernel calls the machine (/etc/hostname, for the next start, is a file).

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .._reconcile import Attributes
from .file import File
from .part import Part, checked

if TYPE_CHECKING:
    from typing import Self

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


@dataclass(frozen=True)
class Hostname(Part):
    """The live host name."""

    name: ClassVar[str] = "hostname"

    hostname: str

    @classmethod
    def parts(cls, hostname: str) -> list[Part]:
        """The live name and the file that keeps it. Raises ResourceError for what is no host name."""
        allowed = "letters a-z, digits and dashes, 63 at most between two dots"
        checked("hostname", hostname, rf"{_LABEL}(\.{_LABEL})*", allowed)
        return [File("/etc/hostname", f"{hostname}\n"), cls(hostname)]

    @property
    def key(self) -> str:
        return "live"

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        return "cat /proc/sys/kernel/hostname"

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        return [{"hostname": lines[0] if lines else ""} for part in parts]

    def wanted(self) -> Attributes:
        return {"hostname": self.hostname}

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        socket.sethostname(self.hostname)
        return self.wanted()
