# SPDX-License-Identifier: GPL-3.0-or-later
"""How objects are shown: references that a client may have expanded.

``include=project,assignments.device`` expands references, ``exclude=plan`` folds them to ``{href}``;
both go three levels deep, and names that mean nothing are ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
Names = dict[str, "Names"]

_DEPTH = 3


@dataclass(frozen=True)
class Link:
    """A reference to another object, shown whole when ``expanded`` or asked for."""

    href: str
    render: Callable[[], Document]
    expanded: bool = False


def parse_names(text: str) -> Names:
    """From "a.b,c" to {"a": {"b": {}}, "c": {}}."""
    tree: Names = {}
    for path in text.split(","):
        branch = tree
        for name in path.strip().split(".")[:_DEPTH]:
            branch = branch.setdefault(name, {})
    return tree


def shape(document: Document, include: Names, exclude: Names, depth: int = 0) -> Document:
    """The document with its links expanded or folded."""
    return {name: _shape(name, value, include, exclude, depth) for name, value in document.items()}


def _shape(name: str, value: Any, include: Names, exclude: Names, depth: int) -> Any:
    if isinstance(value, list):
        return [_shape(name, item, include, exclude, depth) for item in value]
    if not isinstance(value, Link):
        return value
    excluded = name in exclude and not exclude[name]
    wanted = name in include or (value.expanded and not excluded)
    if not wanted or depth >= _DEPTH:
        return {"href": value.href}
    return shape(value.render(), include.get(name, {}), exclude.get(name, {}), depth + 1)
