# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of the kernel.

This module util is PRIVATE to the collection.

In a container the kernel is the host's: what cannot be loaded from in there is the host's to load, so it
counts as present. The same holds where the kernel has no modules at all, or has this one built in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .._reconcile import Attributes
from .command import output_of
from .file import File
from .part import Part, checked, quoted

if TYPE_CHECKING:
    from typing import Self

_PROBE = r"""
kernel=$(uname -r)
caps=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
may_load=$((0x$caps >> 16 & 1))
for module in MODULES; do
  name=$(echo "$module" | tr - _)
  if [ -d "/sys/module/$name" ] || [ ! -d "/lib/modules/$kernel" ] ||
    grep -qs "/$(echo "$module" | sed 's/[-_]/[-_]/g')\.ko" "/lib/modules/$kernel/modules.builtin" ||
    { [ $container = 1 ] && { [ $may_load = 0 ] || ! modprobe -nq "$module"; }; }
  then echo "$module"; fi
done
"""


@dataclass(frozen=True)
class KernelModule(Part):
    """A module that is loaded now (/etc/modules-load.d, for the next start, is a file)."""

    name: ClassVar[str] = "kernel_module"

    module: str

    @classmethod
    def parts(cls, module: str) -> list[Part]:
        """The module and the file that loads it at each start. Raises ResourceError."""
        checked("kernel_modules", module, r"\w[\w-]*", "names of kernel modules such as br_netfilter")
        return [File(f"/etc/modules-load.d/packet-{module}.conf", f"{module}\n"), cls(module)]

    @property
    def key(self) -> str:
        return self.module

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        return _PROBE.replace("MODULES", quoted(part.module for part in parts))

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        return [{"loaded": part.module in lines} for part in parts]

    def wanted(self) -> Attributes:
        return {"loaded": True}

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        output_of(["modprobe", self.module])
        return self.wanted()
