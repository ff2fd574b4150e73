# SPDX-License-Identifier: GPL-3.0-or-later
"""What the contract test needs to know of a Kind, and where it looks for Kinds.

Every module beside the test whose name begins with `kinds_` is read; its `CASES` are put to the test.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import Attributes


class Outcome(Protocol):
    """What Plan and Plans have in common."""

    @property
    def changed(self) -> bool: ...

    @property
    def diff(self) -> dict[str, Attributes]: ...


class World(Protocol):
    """The outside of a Kind, which a test asks to become what is wanted."""

    def settle(self, wanted: Any, *, dry_run: bool) -> Outcome:
        """Makes a new Kind for this and reconciles; wanted None is `state: absent`."""

    def state(self) -> Any:
        """All that the Kind may change, in a form that can be compared."""


@dataclass(frozen=True)
class Case:
    """One Kind with something to want of it."""

    name: str
    world: Callable[[Path], AbstractContextManager[World]]
    """Makes an empty outside; the path is a folder for the test alone."""

    wanted: Any
    changed: Any
    """As `wanted`, with something else that may be changed in place; None where nothing can be."""

    refused: Any = None
    """As `wanted`, with something that may not be changed in place; None where everything may be."""

    replaces: bool = False
    """Whether the Kind has the option `replace`, which makes anew what is refused otherwise."""

    @property
    def replaced(self) -> Any:
        """As `refused`, with the wish to have it replaced."""
        return {**self.refused, "replace": True} if self.replaces else None


def cases(folder: Path) -> list[Case]:
    """Those of all kinds_*.py of a folder."""
    names = [
        module.name for module in pkgutil.iter_modules([str(folder)]) if module.name.startswith("kinds_")
    ]
    return [case for name in sorted(names) for case in importlib.import_module(name).CASES]
