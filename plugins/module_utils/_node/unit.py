# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units of systemd.

This module util is PRIVATE to the collection.

Whether a unit runs with its present files is read off the machine (the start of its process against the
times of the files), not remembered from this run. So a run that died between writing and restarting is
mended by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from .._reconcile import Attributes
from .command import output_of
from .inode import read_stat, stat_script
from .part import Part, checked, checked_path, quoted

if TYPE_CHECKING:
    from typing import Self

UNIT_FOLDERS = ("/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/")

_PROPERTIES = "ActiveState,UnitFileState,NeedDaemonReload,ExecMainStartTimestamp,InactiveExitTimestamp"
_RUNNING = ("active", "activating", "reloading")
_NO_CHOICE = ("static", "generated", "alias", "transient", "indirect")
"""States of unit files that can be neither enabled nor disabled."""


@dataclass(frozen=True)
class Unit(Part):
    """A unit that is enabled or not, runs or not, and has been started after its files were written."""

    name: ClassVar[str] = "unit"
    options: ClassVar[Mapping[str, Any]] = {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool", "default": True},
        "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
        "restart_after": {"type": "list", "elements": "str", "default": []},
    }

    unit: str
    enabled: bool = True
    state: str = "started"
    restart_after: tuple[str, ...] = ()

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Unit:
        """The unit of one entry of `units`. Raises ResourceError."""
        name = checked("units.name", params["name"], r"[\w:.@\\-]+", "the name of a systemd unit")
        files = tuple(
            checked_path(f"units.restart_after of {name}", path) for path in params["restart_after"]
        )
        full = name if "." in name else f"{name}.service"
        return cls(full, params["enabled"], params["state"], files)

    @property
    def key(self) -> str:
        return self.unit

    def foreseen(self, found: Attributes, changing: Set[str]) -> Attributes:
        """The unit as it will be found once these paths have been written. Pure."""
        if found["state"] != "started":
            return found
        newer = (changing & {*self.restart_after}) | {*found["changed_since_start"]}
        return found | {"changed_since_start": sorted(newer)}

    @classmethod
    def probe(cls, parts: Sequence[Self]) -> str:
        units = quoted(part.unit for part in parts)
        show = f"systemctl show --timestamp=us+utc --property=Id,{_PROPERTIES} -- {units}"
        files = sorted({path for part in parts for path in part.restart_after})
        return f"{show}\necho\n{stat_script(files, follow=True) if files else ''}"

    @classmethod
    def read(cls, parts: Sequence[Self], lines: Sequence[str]) -> list[Attributes | None]:
        # systemctl shows the units in the order in which they were asked for, an empty line between them.
        blocks = [
            dict(line.split("=", 1) for line in group if "=" in line)
            for blank, group in groupby(lines, key=lambda line: not line)
            if not blank
        ][: len(parts)]
        written = {path: inode.modified for path, inode in read_stat(lines).items()}
        missing: list[dict[str, str]] = [{}] * len(parts)
        return [part._read(block, written) for part, block in zip(parts, blocks + missing, strict=False)]

    def _read(self, shown: Mapping[str, str], written: Mapping[str, float]) -> Attributes:
        file_state = shown.get("UnitFileState", "")
        running = shown.get("ActiveState") in _RUNNING
        began = _seconds(shown.get("ExecMainStartTimestamp")) or _seconds(shown.get("InactiveExitTimestamp"))
        newer = {path for path in self.restart_after if began and written.get(path, 0.0) > began}
        state = "started" if running else "stopped"
        if shown.get("ActiveState") == "failed" and self.state == "started":
            state = "failed"
        return {
            "enabled": self.enabled if file_state in _NO_CHOICE else file_state.startswith("enabled"),
            "state": state,
            "changed_since_start": sorted(newer) if running else [],
            "changed_since_reload": shown.get("NeedDaemonReload") == "yes",
        }

    def wanted(self) -> Attributes:
        return {
            "enabled": self.enabled,
            "state": self.state,
            "changed_since_start": [] if self.state == "started" else None,
            "changed_since_reload": False,
        }

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        if "changed_since_reload" in changes:
            reload_units()
        if "enabled" in changes:
            _systemctl("enable" if self.enabled else "disable", self.unit)
        if changes.get("state") == "stopped":
            _systemctl("stop", self.unit)
        elif "state" in changes or "changed_since_start" in changes:
            if found.get("state") == "failed":
                # One that failed too often is refused otherwise, however well it has been mended.
                _systemctl("reset-failed", self.unit)
            _systemctl("restart", self.unit)
        return self.wanted()


def reload_units() -> None:
    """Has systemd read all unit files anew. Raises ResourceError."""
    _systemctl("daemon-reload")


def _systemctl(*words: str) -> None:
    output_of(["systemctl", "--quiet", *words])


def _seconds(timestamp: str | None) -> float:
    """Seconds since the epoch of one of systemctl's timestamps; 0 where there is none."""
    if not timestamp or timestamp == "n/a":
        return 0.0
    moment = datetime.strptime(timestamp, "%a %Y-%m-%d %H:%M:%S.%f UTC")
    return moment.replace(tzinfo=UTC).timestamp()
