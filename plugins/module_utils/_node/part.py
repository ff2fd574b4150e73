# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of thing on a machine has in common: it is probed by shell, compared, then changed here.

This module util is PRIVATE to the collection.

The probe is text of POSIX sh, so that the same text answers over SSH (for the action plugin, which needs
no Python on the machine) and here on the machine (for the module). There is no second way to look.
"""

from __future__ import annotations

import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from .._reconcile import Attributes, Normalise, ResourceError
from .command import output_of

if TYPE_CHECKING:
    from typing import Self

PRELUDE = r"""
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
# openssl knows the processor's SHA instructions, which makes it five times as fast. Two files for each
# process, four processes at a time: what one writes is short enough not to be torn apart.
if command -v openssl >/dev/null; then hash='openssl dgst -sha256 -r "$@"'; else hash='sha256sum "$@"'; fi
digest() { printf '%s\0' "$@" | xargs -0 -P 4 -n 2 sh -c "$hash" sh 2>/dev/null; }
if [ -e /run/systemd/container ] || [ -e /.dockerenv ] || [ -e /run/.containerenv ]
then container=1; else container=0; fi
"""
"""What every probe may use: the function digest and the variable container."""

_MARK = "== "


class Part(ABC):
    """A Kind (see _reconcile) of things on a machine; many things of one kind are probed together."""

    name: ClassVar[str]
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}

    @property
    @abstractmethod
    def key(self) -> str:
        """What tells this thing from others of its kind: a path, a name."""

    @classmethod
    @abstractmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        """POSIX sh that prints the state of these parts; it only reads, and fails for nothing."""

    @classmethod
    @abstractmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        """What the lines that the probe printed say of each part, in the order of the parts. Pure."""

    @abstractmethod
    def wanted(self) -> Attributes | None:
        """The attributes that this part shall have; None: it shall not be there."""

    @abstractmethod
    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Changes just these attributes. Raises ResourceError."""

    def find(self) -> Attributes | None:
        """The part as it is on this machine."""
        return probe_here([self])[0]

    def create(self, wanted: Attributes) -> Attributes:
        """Makes what is not there. Raises ResourceError."""
        return self.update({}, wanted)

    def delete(self, found: Attributes) -> None:
        """Removes the part. Raises ResourceError."""
        raise self.error("cannot be removed by name; name its path in `absent`")

    @property
    def title(self) -> str:
        """Kind and key, for messages."""
        return f"{self.name} {self.key}"

    def error(self, problem: str) -> ResourceError:
        """An error that names this part."""
        return ResourceError(f"{self.title}: {problem}")


def script(parts: Sequence[Part]) -> str:
    """The one shell script that probes all these parts."""
    sections = [f"echo {shlex.quote(_MARK + kind.name)}\n{kind.probe(of)}" for kind, of in _kinds(parts)]
    return "\n".join([PRELUDE, *sections, f"echo {shlex.quote(_MARK)}end", ""])


def parse(parts: Sequence[Part], output: str) -> list[Attributes | None]:
    """What the output of the script says of each part, in the order of the parts.

    Raises ResourceError where the output is not whole.
    """
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output.splitlines():
        if line.startswith(_MARK):
            lines = sections.setdefault(line.removeprefix(_MARK), [])
        else:
            lines.append(line)
    if "end" not in sections:
        tail = " / ".join(output.splitlines()[-3:]) or "nothing"
        raise ResourceError(f"node: the probe of the machine broke off; its last words were: {tail}")
    found = {
        id(part): state
        for kind, of in _kinds(parts)
        for part, state in zip(of, kind.read(of, sections.get(kind.name, [])), strict=True)
    }
    return [found[id(part)] for part in parts]


def probe_here(parts: Sequence[Part]) -> list[Attributes | None]:
    """Probes the machine on which this runs."""
    return parse(parts, output_of(["/bin/sh"], stdin=script(parts)))


def quoted(words: Iterable[str]) -> str:
    """The words as arguments of a shell command."""
    return " ".join(map(shlex.quote, words))


def checked_path(field: str, path: str) -> str:
    """The path, if it can be one of a thing on a machine. Raises ResourceError."""
    if not re.fullmatch(r"(/[^/\x00-\x1f\\]+)+", path) or {".", ".."} & set(path.split("/")):
        raise ResourceError(
            f"node: {field}: {path!r} is no path that can be managed; "
            "give an absolute one without '..', '//', a slash at its end, backslashes or control characters"
        )
    return path


def checked(field: str, value: str, pattern: str, allowed: str) -> str:
    """The value, if all of it matches the pattern. Raises ResourceError that says what is allowed."""
    if not re.fullmatch(pattern, value):
        raise ResourceError(f"node: {field}: {value!r} is not allowed; give {allowed}")
    return value


def _kinds(parts: Sequence[Part]) -> list[tuple[type[Part], list[Part]]]:
    kinds: dict[type[Part], list[Part]] = {}
    for part in parts:
        kinds.setdefault(type(part), []).append(part)
    return list(kinds.items())
