# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenAPI document: valid, and complete of every route."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator.schemas import schema_v31

from packetd.api import api_routes, openapi
from packetd.api.routes import ApiRoute, Listing

ROUTES = api_routes()


@cache
def document() -> dict[str, Any]:
    return openapi.document(ROUTES, "/metal/v1")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_document_is_valid() -> None:
    assert list(Draft202012Validator(dict(schema_v31)).iter_errors(document())) == []


def test_every_reference_leads_to_a_schema() -> None:
    text = json.dumps(document())
    schemas = {f"#/components/schemas/{name}" for name in document()["components"]["schemas"]}
    assert set(re.findall(r'"\$ref": "([^"]+)"', text)) <= schemas


def test_every_part_of_a_path_is_a_parameter() -> None:
    for path, _, operation in operations():
        told = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]
        assert told == re.findall(r"{(\w+)}", path)


def test_every_route_is_in_it_once() -> None:
    methods = Counter(
        (route.path, method.lower()) for route in ROUTES for method in route.methods or () if method != "HEAD"
    )
    assert set(methods) == {(path, method) for path, method, _ in operations()}
    assert [twice for twice, count in methods.items() if count > 1] == []


def test_every_operation_has_a_name_of_its_own() -> None:
    names = Counter(operation["operationId"] for _, _, operation in operations())
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{min(route.methods)} {route.path}")
def test_every_route_says_what_it_does_takes_and_gives(route: ApiRoute) -> None:
    operation = route.operation
    summary = document()["paths"][route.path][min((route.methods or set()) - {"HEAD"}).lower()]["summary"]
    assert re.fullmatch(r"[A-Z].{4,}", summary), summary
    assert not summary.endswith(".")
    assert operation.gives is None or operation.status != 204
    assert all(field.about for field in operation.takes)
    assert all(operation.parameters.values())
    view = operation.gives.item if isinstance(operation.gives, Listing) else operation.gives
    assert view is None or view.__doc__, view
