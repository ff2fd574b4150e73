# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of requests. Each is declared once, as a constant: what reads it also documents it.

NAME = text("name", "What people call it", required=True, longest=80)
...
project.name = NAME.read(call.body)
...
post("/projects", create, takes=(NAME,), gives=ProjectView)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, overload

from packetd.api.body import Body

T_co = TypeVar("T_co", covariant=True)

TAG_LENGTH = 80


@dataclass(frozen=True, eq=False)
class Field(Generic[T_co]):
    """A field of a request body.

    ``schema`` is its JSON Schema, in the form that we recommend: what clients really send is read more
    leniently (see Body). ``read`` gives the value, and notes on the body what is wrong with it.
    """

    name: str
    about: str
    schema: Mapping[str, Any]
    read: Callable[[Body], T_co]
    required: bool = False

    def given(self, body: Body) -> bool:
        """Whether it was sent at all, be it as null."""
        return self.name in body


@overload
def text(name: str, about: str, *, required: Literal[True], longest: int | None = None) -> Field[str]: ...
@overload
def text(
    name: str, about: str, *, required: Literal[False] = False, longest: int | None = None
) -> Field[str | None]: ...
def text(name: str, about: str, *, required: bool = False, longest: int | None = None) -> Any:
    """A string; an empty one counts as absent. A required one is "" where it is missing."""
    schema: dict[str, Any] = {"type": "string"}
    if longest is not None:
        schema["maxLength"] = longest
    if required:
        schema["minLength"] = 1
        return Field(
            name, about, schema, lambda body: body.text(name, required=True, longest=longest) or "", True
        )
    return Field(name, about, schema, lambda body: body.text(name, longest=longest))


def blank_text(name: str, about: str, *, longest: int | None = None) -> Field[str]:
    """A string that may as well be empty."""
    field = text(name, about, longest=longest)
    return Field(name, about, field.schema, lambda body: field.read(body) or "")


def one_of(name: str, about: str, allowed: Collection[str], *, required: bool = False) -> Field[str | None]:
    """A string out of a set."""
    schema = {"type": "string", "enum": sorted(allowed)}
    return Field(name, about, schema, lambda body: body.one_of(name, allowed, required=required), required)


def flag(name: str, about: str, *, default: bool = False) -> Field[bool]:
    schema = {"type": "boolean", "default": default}
    return Field(name, about, schema, lambda body: body.flag(name, default))


def whole(name: str, about: str, *, default: int, least: int = 0, most: int = 2**31 - 1) -> Field[int]:
    """A whole number from ``least`` to ``most``."""
    schema = {"type": "integer", "default": default, "minimum": least, "maximum": most}
    return Field(name, about, schema, lambda body: body.whole(name, default, least=least, most=most))


def number(name: str, about: str, *, required: bool = False) -> Field[float | None]:
    """A number that is not negative."""
    schema = {"type": "number", "minimum": 0}
    return Field(name, about, schema, lambda body: body.number(name, required=required), required)


def words(name: str, about: str, *, longest: int | None = None) -> Field[list[str]]:
    """A list of strings."""
    item: dict[str, Any] = {"type": "string"}
    if longest is not None:
        item["maxLength"] = longest
    schema = {"type": "array", "items": item}
    return Field(name, about, schema, lambda body: body.words(name, longest=longest))


def mapping(name: str, about: str) -> Field[dict[str, Any]]:
    """A JSON object of the user's own."""
    return Field(name, about, {"type": "object"}, lambda body: body.mapping(name))


def moment(name: str, about: str) -> Field[datetime | None]:
    """A point in time by RFC 3339."""
    schema = {"type": "string", "format": "date-time"}
    return Field(name, about, schema, lambda body: body.moment(name))


def objects(name: str, about: str, fields: Collection[Field[Any]]) -> Field[list[Body]]:
    """A list of objects that have fields of their own."""
    schema = {"type": "array", "items": schema_of(fields)}
    names = frozenset(field.name for field in fields)
    return Field(name, about, schema, lambda body: body.objects(name, names))


def schema_of(fields: Collection[Field[Any]]) -> dict[str, Any]:
    """The JSON Schema of an object with these fields."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: {**field.schema, "description": field.about} for field in fields},
    }
    if required := [field.name for field in fields if field.required]:
        schema["required"] = required
    return schema


TAGS = words("tags", "Words to find it by", longest=TAG_LENGTH)
CUSTOMDATA = mapping("customdata", "Whatever the user wants to keep with it")
