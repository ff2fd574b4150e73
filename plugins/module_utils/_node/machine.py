# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted state of a machine as a whole, made of the options of the module `node`.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

from .._reconcile import Attributes, Plan, ResourceError, plan, reconcile, settle_immutable
from .absent import Absent
from .archive import Archive
from .binary import Binary
from .directory import Directory
from .file import File
from .hostname import Hostname
from .kernel_module import KernelModule
from .packages import Packages
from .part import Part, parse, probe_here, script
from .sysctl import Sysctl
from .unit import UNIT_FOLDERS, Unit, reload_units

_FILE_RULES = {"mutually_exclusive": [("content", "src")], "required_one_of": [("content", "src")]}

OPTIONS: Mapping[str, Any] = {
    "absent": {"type": "list", "elements": "str", "default": []},
    "packages": {"type": "list", "elements": "str", "default": []},
    "directories": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": Directory.options,
    },
    "files": {"type": "list", "elements": "dict", "default": [], "options": File.options, **_FILE_RULES},
    "kernel_modules": {"type": "list", "elements": "str", "default": []},
    "hostname": {"type": "str"},
    "sysctls": {"type": "dict", "default": {}},
    "binaries": {"type": "list", "elements": "dict", "default": [], "options": Binary.options},
    "archives": {"type": "list", "elements": "dict", "default": [], "options": Archive.options},
    "units": {"type": "list", "elements": "dict", "default": [], "options": Unit.options},
}
"""The argument spec, in the order in which things are done: what is asked for first is needed by the next."""

_DOWNLOADS = 4
"""How many downloads a machine has under way at once."""


@dataclass(frozen=True)
class Entry:
    """One entry of the options, and the parts of the machine that it speaks of."""

    params: Mapping[str, Any]
    parts: tuple[Part, ...]


def entries_of(params: Mapping[str, Any]) -> list[Entry]:
    """The entries of the options, in the order in which they are to be done. Raises ResourceError."""
    entries = [
        Entry({option: value}, tuple(make(value)))
        for option, make in _MAKERS.items()
        for value in _values(option, params.get(option))
    ]
    seen: set[str] = set()
    for title in (part.title for entry in entries for part in entry.parts):
        if title in seen:
            raise ResourceError(f"node: {title} is asked for twice; ask once")
        seen.add(title)
    return entries


def params_of(entries: Iterable[Entry]) -> dict[str, Any]:
    """The options that consist of just these entries."""
    params: dict[str, Any] = {}
    for entry in entries:
        for option, value in entry.params.items():
            kind = OPTIONS[option]["type"]
            if kind == "list":
                params[option] = [*params.get(option, []), *(value if option == "packages" else [value])]
            else:
                params[option] = params.get(option, {}) | value if kind == "dict" else value
    return params


def steps_of(parts: Sequence[Part], found: Sequence[Attributes | None]) -> list[tuple[Part, Plan]]:
    """What is to be done to each part; a unit also sees the files that are about to be written. Pure.

    Raises ResourceError for what cannot be done, such as a file where a directory is.
    """
    steps = [(part, _step(part, state)) for part, state in zip(parts, found, strict=True)]
    changing = set(_written(steps))
    return [
        (part, _step(part, part.foreseen(state, changing)) if isinstance(part, Unit) and state else step)
        for (part, step), state in zip(steps, found, strict=True)
    ]


def _step(part: Part, found: Attributes | None) -> Plan:
    wanted = part.wanted()
    return settle_immutable(part, plan(found, wanted, part.normalise), wanted)


def _written(steps: Sequence[tuple[Part, Plan]]) -> Iterable[str]:
    """The paths of files that the steps write, among those that units look at."""
    watched = {path for step in steps if isinstance(step[0], Unit) for path in step[0].restart_after}
    own = {part.path: step for part, step in steps if isinstance(part, File | Binary)}
    yield from (path for path, step in own.items() if step.changed and "sha256" in step.changes)
    for part, step in steps:
        if isinstance(part, Archive) and step.changed:
            inside = {path for path in watched - own.keys() if path.startswith(f"{part.into}/")}
            yield from inside if "source" in step.changes else inside & {*(step.before or {})["damaged"]}


@dataclass(frozen=True)
class Machine:
    """The Kind of the module `node`: its attributes are the parts, by title."""

    entries: Sequence[Entry]

    name: ClassVar[str] = "node"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    options: ClassVar[Mapping[str, Any]] = OPTIONS
    rules: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Machine:
        """The machine that the options ask for. Raises ResourceError for values that cannot be."""
        return cls(entries_of(params))

    @property
    def parts(self) -> list[Part]:
        """All parts, in the order in which they are to be done."""
        return [part for entry in self.entries for part in entry.parts]

    @property
    def probe(self) -> str:
        """The shell script whose output says how the machine is."""
        return script(self.parts)

    def steps(self, output: str) -> list[tuple[Part, Plan]]:
        """What is to be done, going by the output of the probe. Raises ResourceError."""
        return steps_of(self.parts, parse(self.parts, output))

    def entries_with(self, parts: Iterable[Part]) -> list[Entry]:
        """The entries that speak of any of these parts."""
        titles = {part.title for part in parts}
        return [entry for entry in self.entries if titles & {part.title for part in entry.parts}]

    def find(self) -> Attributes:
        steps = steps_of(self.parts, probe_here(self.parts))
        return {part.title: (step.before if step.changed else part.wanted()) or {} for part, step in steps}

    def wanted(self) -> Attributes:
        """The wanted attributes of each part; none at all for what shall not be there."""
        return {part.title: part.wanted() or {} for part in self.parts}

    def create(self, wanted: Attributes) -> Attributes:
        return self.update({}, wanted)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        parts = [part for part in self.parts if part.title in changes]
        downloads = [part for part in parts if isinstance(part, Binary | Archive)]
        units = [part for part in parts if isinstance(part, Unit)]
        others = [part for part in parts if part not in downloads and part not in units]
        with ThreadPoolExecutor(_DOWNLOADS) as pool:
            fetched = [pool.submit(_settle, part) for part in downloads]
            for part in others:
                _settle(part)
            for future in fetched:
                future.result()
        if any(part.key.startswith(UNIT_FOLDERS) for part in others):
            reload_units()
        for unit in units:
            _settle(unit)
        return self.wanted()

    def delete(self, found: Attributes) -> None:
        raise ResourceError("node: a machine is not removed by node; use packet.kubernetes.device")


def _settle(part: Part) -> None:
    try:
        reconcile(part, part.wanted(), dry_run=False)
    except OSError as error:
        raise part.error(str(error)) from error


def _values(option: str, value: Any) -> list[Any]:
    """The entries of an option; those of a dictionary as dictionaries of one; all packages as one entry."""
    if not value:
        return []
    if isinstance(value, Mapping):
        return [{key: one} for key, one in value.items()]
    return [value] if option in ("hostname", "packages") else list(value)


def _sysctl(setting: Mapping[str, Any]) -> list[Part]:
    return [part for name, value in setting.items() for part in Sysctl.parts(name, str(value))]


_MAKERS: Mapping[str, Callable[[Any], Sequence[Part]]] = {
    "absent": lambda path: [Absent.from_path(path)],
    "packages": lambda names: [Packages.from_names(names)],
    "directories": lambda entry: [Directory.from_params(entry)],
    "files": lambda entry: [File.from_params(entry)],
    "kernel_modules": KernelModule.parts,
    "hostname": Hostname.parts,
    "sysctls": _sysctl,
    "binaries": lambda entry: [Binary.from_params(entry)],
    "archives": lambda entry: [Archive.from_params(entry)],
    "units": lambda entry: [Unit.from_params(entry)],
}
