# SPDX-License-Identifier: GPL-3.0-or-later
"""How objects are shown: references that a client may have expanded.

``include=project,assignments.device`` expands references, ``exclude=plan`` folds them to ``{href}``;
both go three levels deep, and names that mean nothing are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from packetd.api.errors import ForbiddenError, NotFoundError

Document = dict[str, Any]
Names = dict[str, "Names"]
# By where it is found and how deep.
FixedDocuments = dict[tuple[str, int], Document]

_DEPTH = 3


class Reference(TypedDict):
    """Another object, by where it is found."""

    href: str


class CustomDataView(TypedDict):
    """Whatever the user keeps with a thing."""


class Link:
    """A reference to another object, shown whole when ``expanded`` or asked for.

    What is ``fixed`` looks the same to everybody as long as the server runs.
    Not a dataclass: thousands are made for a long list, and the document describes it as one type.
    """

    __slots__ = ("expanded", "fixed", "href", "render")

    def __init__(
        self,
        href: str,
        render: Callable[[], Mapping[str, Any]],
        *,
        expanded: bool = False,
        fixed: bool = False,
    ) -> None:
        self.href = href
        self.render = render
        self.expanded = expanded
        self.fixed = fixed


def parse_names(text: str) -> Names:
    """From "a.b,c" to {"a": {"b": {}}, "c": {}}."""
    tree: Names = {}
    for path in text.split(","):
        branch = tree
        for name in path.strip().split(".")[:_DEPTH]:
            branch = branch.setdefault(name, {})
    return tree


_NONE: Names = {}


class Shaper:
    """Expands and folds the links of documents as one client wishes in one call.

    What is expanded is made once: long lists refer to the same few things again and again.
    """

    def __init__(self, include: str = "", exclude: str = "", fixed: FixedDocuments | None = None) -> None:
        """``fixed`` keeps what is the same in all calls."""
        self._fixed = {} if fixed is None else fixed
        self._include = parse_names(include)
        self._exclude = parse_names(exclude)
        # By where it is found, how deep, and what is to be included and excluded in it.
        self._made: dict[tuple[str, int, int, int], Document] = {}

    def shape(self, document: Mapping[str, Any]) -> Document:
        """The document with its links expanded or folded."""
        return self._document(document, self._include, self._exclude, 0)

    def _document(self, document: Mapping[str, Any], include: Names, exclude: Names, depth: int) -> Document:
        return {
            name: self._value(name, value, include, exclude, depth)
            if isinstance(value, (Link, list))
            else value
            for name, value in document.items()
        }

    def _value(self, name: str, value: Any, include: Names, exclude: Names, depth: int) -> Any:
        if isinstance(value, list):
            return [self._value(name, item, include, exclude, depth) for item in value]
        if not isinstance(value, Link):
            return value
        excluded = name in exclude and not exclude[name]
        wanted = name in include or (value.expanded and not excluded)
        if not wanted or depth >= _DEPTH:
            return {"href": value.href}
        return self._whole(value, include.get(name, _NONE), exclude.get(name, _NONE), depth + 1)

    def _whole(self, link: Link, include: Names, exclude: Names, depth: int) -> Document:
        if link.fixed and not include and not exclude:
            return self._as_ever(link, depth)
        key = (link.href, depth, id(include), id(exclude))
        made = self._made.get(key)
        if made is None:
            try:
                made = self._document(link.render(), include, exclude, depth)
            except (NotFoundError, ForbiddenError):
                # What the caller may not see remains a reference.
                made = {"href": link.href}
            self._made[key] = made
        return made

    def _as_ever(self, link: Link, depth: int) -> Document:
        made = self._fixed.get((link.href, depth))
        if made is None:
            made = self._fixed[link.href, depth] = self._document(link.render(), _NONE, _NONE, depth)
        return made
