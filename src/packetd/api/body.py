# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what clients send: lenient in form, exact about what is wrong.

Fifteen years of clients send numbers as strings, ``{}`` for an empty list, a name where a list is
expected, and ``""`` for what they leave out. All of that is understood here, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from packetd.api.errors import InvalidError
from packetd.api.sent import Sent

_TRUE = ("true", "1", "yes")
_DEEPEST = 64
_TOO_DEEP = f"is nested more than {_DEEPEST} levels deep"
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_FALSE = ("false", "0", "no", "")


def read_json(content: bytes | str) -> Any:
    """Decode what a client sent; raises ValueError, with the reason, for what cannot be kept."""
    try:
        value = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise ValueError(f"is not valid JSON: {error}") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        if not level:
            break
    else:
        raise ValueError(_TOO_DEEP)
    # In JSON it is always written so; where only the six characters are meant, a backslash comes before.
    written = content if isinstance(content, bytes) else content.encode()
    if b"\\u0000" in written and _NUL.search(written):
        raise ValueError("contains the character NUL, which no text may")
    return value


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


class Body:
    """The fields of a request. Readers note what is wrong; ``check()`` raises all of it at once."""

    def __init__(self, values: Mapping[str, Any], declared: frozenset[str] | None = None) -> None:
        """``declared`` are the names that may be read, None for all."""
        self.values = Sent(values, declared)
        self.errors: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def wrong(self, field: str, problem: str) -> None:
        """Note that a field is wrong: ``hostname 'a b' is not ...``."""
        self.errors.append(f"{field} {problem}")

    def check(self) -> None:
        """Raise InvalidError when anything was wrong so far."""
        if self.errors:
            raise InvalidError(*self.errors)

    def text(self, name: str, *, required: bool = False, longest: int | None = None) -> str | None:
        """A string; an empty one counts as absent."""
        value = self.values.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if value is None or value == "":
            if required:
                self.wrong(name, "can't be blank")
            return None
        if not isinstance(value, str):
            self.wrong(name, f"must be a string, not {value!r}")
            return None
        if longest is not None and len(value) > longest:
            self.wrong(name, f"is too long: {len(value)} characters, {longest} are allowed")
        return value

    def one_of(self, name: str, allowed: Collection[str], *, required: bool = False) -> str | None:
        """A string out of a set."""
        value = self.text(name, required=required)
        if value is not None and value not in allowed:
            self.wrong(name, f"{value!r} is not valid; allowed are {', '.join(sorted(allowed))}")
            return None
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false, also as a string or number."""
        value = self.values.get(name)
        if value is None:
            return default
        word = str(value).lower()
        if word not in _TRUE + _FALSE:
            self.wrong(name, f"must be true or false, not {value!r}")
        return word in _TRUE

    def whole(self, name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
        """A whole number, also as a string."""
        value = self.values.get(name)
        if value is None or value == "":
            return default
        if not re.fullmatch(r"-?[0-9]{1,18}", str(value)):
            self.wrong(name, f"must be a whole number, not {value!r}")
            return default
        found = int(str(value))
        if not least <= found <= most:
            self.wrong(name, f"{found} is not valid; allowed are {least} to {most}")
            return default
        return found

    def number(self, name: str, *, required: bool = False) -> float | None:
        """A number that is not negative, also as a string."""
        value = self.values.get(name)
        if value is None or value == "":
            if required:
                self.wrong(name, "can't be blank")
            return None
        try:
            found = float(str(value))
        except ValueError:
            found = -1
        if isinstance(value, bool) or not 0 <= found < 1e15:
            self.wrong(name, f"must be a number of 0 or more, not {value!r}")
            return None
        return found

    def words(self, name: str, *, longest: int | None = None) -> list[str]:
        """A list of strings; one string is a list of one, and ``{}`` or null an empty list."""
        value = self.values.get(name)
        if not value:
            return []
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in items):
            self.wrong(name, f"must be a list of strings, not {value!r}")
            return []
        for item in items:
            if longest is not None and len(item) > longest:
                self.wrong(name, f"{item!r} is too long: {longest} characters are allowed")
        return [item for item in items if item]

    def mapping(self, name: str) -> dict[str, Any]:
        """An object, also as a string of JSON."""
        value = self.values.get(name)
        if isinstance(value, str) and value:
            try:
                value = read_json(value)
            except ValueError as error:
                self.wrong(name, str(error))
                return {}
        if not value:
            return {}
        if not isinstance(value, dict):
            self.wrong(name, "must be a JSON object")
            return {}
        return value

    def moment(self, name: str) -> datetime | None:
        """A point in time by RFC 3339; without a zone it is UTC."""
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.wrong(name, f"{value!r} is not a time such as 2026-01-31T12:00:00Z")
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def objects(self, name: str, declared: frozenset[str] | None = None) -> list[Body]:
        """A list of objects; one object is a list of one, and ``{}`` an empty list."""
        value = self.values.get(name) or []
        value = [value] if isinstance(value, dict) else value
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.wrong(name, "must be a list of objects")
            return []
        return [Body(item, declared) for item in value]
