# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the running kernel.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from .._reconcile import Attributes
from .file import File
from .part import Part, checked, quoted

if TYPE_CHECKING:
    from typing import Self


def _one_space(value: str) -> str:
    # The kernel separates several values by tabs.
    return " ".join(value.split())


@dataclass(frozen=True)
class Sysctl(Part):
    """The live value of a setting (/etc/sysctl.d, for the next start, is a file)."""

    name: ClassVar[str] = "sysctl"
    normalise = {"value": _one_space}  # noqa: RUF012 (a ClassVar of the base)

    setting: str
    value: str

    @classmethod
    def parts(cls, setting: str, value: str) -> list[Part]:
        """The live value and the file that sets it at each start. Raises ResourceError."""
        checked("sysctls", setting, r"\w[\w-]*([./][\w-]+)+", "names of settings such as net.ipv4.ip_forward")
        checked(f"sysctls.{setting}", value, r"[^\n]+", "its value in one line")
        name = setting.replace("/", ".")
        return [File(f"/etc/sysctl.d/90-packet-{name}.conf", f"{setting} = {value}\n"), cls(setting, value)]

    @property
    def key(self) -> str:
        return self.setting

    @property
    def path(self) -> str:
        """The file of the kernel that is this setting."""
        return "/proc/sys/" + (self.setting if "/" in self.setting else self.setting.replace(".", "/"))

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        return f'echo "container=$container"; grep -Hs "" {quoted(part.path for part in parts)}'

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        values = dict(line.split(":", 1) for line in lines if ":" in line)
        # In a container the kernel is the host's: what its kernel lacks cannot be had from in there.
        lacking = "container=1" in lines
        return [{"value": values.get(part.path, part.value if lacking else None)} for part in parts]

    def wanted(self) -> Attributes:
        return {"value": self.value}

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        try:
            Path(self.path).write_text(self.value)
        except FileNotFoundError:
            raise self.error(
                "the kernel has no such setting; name the module that brings it in kernel_modules"
            ) from None
        except OSError as error:
            raise self.error(f"the kernel refuses the value {self.value!r}: {error.strerror}") from None
        return self.wanted()
