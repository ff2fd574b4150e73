# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenAPI document, arranged for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.routing import BaseRoute

from packetd.api import openapi
from packetd.api.routes import PAGING, SHAPING, ApiRoute
from packetd.api.views import Document
from packetd.web.rendering import render

# Parameters that mean the same everywhere are explained once.
COMMON = {**SHAPING, **PAGING}


@dataclass(frozen=True)
class Entry:
    """A row of a table."""

    name: str
    schema: Mapping[str, Any]
    about: str
    required: bool


@dataclass(frozen=True)
class Operation:
    """What can be done at a path. ``answers`` are schemas by status, None for no body; ``common`` names the
    parameters that are explained once."""

    id: str
    method: str
    path: str
    summary: str
    parameters: list[Entry]
    common: list[str]
    fields: list[Entry]
    answers: dict[str, Mapping[str, Any] | None]
    example: str


class Reference:
    """The document as HTML, made when it is first asked for."""

    def __init__(self) -> None:
        self._html: Markup | None = None

    def html(self, routes: Sequence[BaseRoute]) -> Markup:
        """``routes`` are those of the server, of which the API's are described."""
        if self._html is None:
            described = openapi.document([route for route in routes if isinstance(route, ApiRoute)], "/")
            self._html = Markup(render("reference.html", arranged(described)))  # noqa: S704
        return self._html


def arranged(document: Document) -> dict[str, Any]:
    """The document as the template wants it: operations by tag, and objects with their members."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            groups.setdefault(told["tags"][0], []).append(_operation(path, method.upper(), told))
    return {
        "groups": dict(sorted(groups.items())),
        "objects": {
            name: (schema.get("description", ""), list(_members(schema)))
            for name, schema in sorted(document["components"]["schemas"].items())
        },
        "common": COMMON,
    }


def _operation(path: str, method: str, told: Document) -> Operation:
    entries = [
        Entry(
            item["name"],
            item["schema"],
            item.get("description", f"In the {item['in']}"),
            item.get("required", False),
        )
        for item in told["parameters"]
        if item["name"] not in COMMON
    ]
    body = _schema(told.get("requestBody", {}))
    return Operation(
        id=told["operationId"],
        method=method,
        path=path,
        summary=told["summary"],
        parameters=entries,
        common=[item["name"] for item in told["parameters"] if item["name"] in COMMON],
        fields=list(_members(body)) if body else [],
        answers={status: _schema(answer) for status, answer in told["responses"].items()},
        example=_example(path, method, body),
    )


def _schema(holder: Document) -> Mapping[str, Any] | None:
    """What a request or an answer has in its body."""
    for content in holder.get("content", {}).values():
        schema: Mapping[str, Any] = content["schema"]
        return schema
    return None


def _members(schema: Mapping[str, Any], within: str = "") -> Iterator[Entry]:
    """The members of an object, those of objects in it too: "batches[].hostname"."""
    for name, member in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        yield Entry(within + name, member, member.get("description", ""), required)
        inner = member.get("items", member)
        if "properties" in inner and inner.get("description") is None:
            yield from _members(inner, f"{within}{name}{'[]' if 'items' in member else ''}.")


def _example(path: str, method: str, body: Mapping[str, Any] | None) -> str:
    """A line for a shell. The token goes through a pipe: everybody on a machine can read arguments."""
    where = re.sub(r"{(\w+)}", lambda match: match[1].upper(), path)
    words = ["curl"]
    if method not in ("GET", "POST") or (method == "POST" and body is None):
        words.append(f"--request {method}")
    words.append("""--header @<(echo "X-Auth-Token: $PACKET_API_TOKEN")""")
    if body is not None:
        words.append(f"--json '{json.dumps(_sample(body))}'")
    return " ".join([*words, f'"$PACKET_API_URL{where}"'])


def _sample(schema: Mapping[str, Any], name: str = "value") -> Any:
    """A value with the least that must be in it; capitals stand for what only the user knows."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {})
            return {key: _sample(members[key], key) for key in schema.get("required", ())}
        case "array":
            return [_sample(schema["items"], name)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return name.upper()
