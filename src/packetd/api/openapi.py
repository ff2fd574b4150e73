# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenAPI document of the API, made from the routes themselves.

It describes what we recommend to send; what clients really send is read more leniently (see Body).
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from packetd.api.fields import Field, schema_of
from packetd.api.paging import Meta
from packetd.api.routes import ApiRoute, Listing, Operation
from packetd.api.views import Link, Reference

VERSION = "3.1.0"
_PROBLEM = {
    "type": "object",
    "properties": {"errors": {"type": "array", "items": {"type": "string"}}, "error": {"type": "string"}},
    "required": ["errors"],
}


def document(routes: Sequence[ApiRoute], server: str) -> dict[str, Any]:
    """The document; ``server`` is the URL that paths are below."""
    views = _views(routes)
    _, schemas = msgspec.json.schema_components(
        [*views, Meta, Reference], schema_hook=_link_schema, ref_template=_reference("{name}")
    )
    paths: dict[str, dict[str, Any]] = {}
    names = _OperationNames()
    for route in routes:
        for method in sorted((route.methods or set()) - {"HEAD"}):
            told = _operation(route, method)
            told["operationId"] = names.new(told["operationId"], method)
            paths.setdefault(route.path, {})[method.lower()] = told
    return {
        "openapi": VERSION,
        "info": {"title": "Packet API", "version": "1", "description": "As packetd speaks it."},
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        },
    }


class _OperationNames:
    """Names of operations: those of their handlers, told apart where one handles several."""

    def __init__(self) -> None:
        self._uses: Counter[str] = Counter()

    def new(self, name: str, method: str) -> str:
        name = f"{name}.patch" if method == "PATCH" else name
        self._uses[name] += 1
        return name if self._uses[name] == 1 else f"{name}.{self._uses[name]}"


def _views(routes: Sequence[ApiRoute]) -> list[type]:
    """Every shape that a route gives, once."""
    given = [route.operation.gives for route in routes]
    items = [gives.item if isinstance(gives, Listing) else gives for gives in given]
    return list(dict.fromkeys(item for item in items if item is not None))


def _link_schema(kind: type) -> dict[str, Any]:
    """A link is a reference, or the object itself where it was included."""
    if kind is Link:
        return {"type": "object", "properties": {"href": {"type": "string"}}}
    raise NotImplementedError(f"no schema for {kind}")


def _reference(name: str) -> str:
    return f"#/components/schemas/{name}"


def _operation(route: ApiRoute, method: str) -> dict[str, Any]:
    operation = route.operation
    handler = operation.handler
    resource = inspect.getmodule(handler)
    name = f"{resource.__name__.rpartition('.')[2]}.{handler.__name__}" if resource else handler.__name__
    told: dict[str, Any] = {
        "operationId": name,
        "summary": (inspect.getdoc(handler) or "").partition("\n")[0].rstrip("."),
        "tags": [name.partition(".")[0].replace("_", " ")],
        "parameters": _parameters(route, method),
        "responses": _responses(operation),
    }
    if operation.takes and method != "DELETE":
        told["requestBody"] = _body(operation.takes)
    return told


def _parameters(route: ApiRoute, method: str) -> list[dict[str, Any]]:
    operation = route.operation
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    in_query = [
        {"name": name, "in": "query", "description": about, "schema": {"type": "string"}}
        for name, about in operation.parameters.items()
    ]
    if method == "DELETE":
        in_query += [
            {"name": field.name, "in": "query", "description": field.about, "schema": field.schema}
            for field in operation.takes
        ]
    return in_path + in_query


def _body(fields: Collection[Field[Any]]) -> dict[str, Any]:
    return {
        "required": any(field.required for field in fields),
        "content": {"application/json": {"schema": schema_of(fields)}},
    }


def _responses(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done"}
    if operation.gives is not None:
        answer["content"] = {"application/json": {"schema": _answer_schema(operation.gives)}}
    problem = {"application/json": {"schema": {"$ref": _reference("Problem")}}}
    return {
        str(operation.status): answer,
        "default": {"description": "It was refused; errors say why", "content": problem},
    }


def _answer_schema(gives: type | Listing) -> dict[str, Any]:
    if not isinstance(gives, Listing):
        return {"$ref": _reference(gives.__name__)}
    properties: dict[str, Any] = {
        gives.name: {"type": "array", "items": {"$ref": _reference(gives.item.__name__)}}
    }
    if gives.paged:
        properties["meta"] = {"$ref": _reference("Meta")}
    return {"type": "object", "properties": properties, "required": list(properties)}
