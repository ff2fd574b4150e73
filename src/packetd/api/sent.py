# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients send, by name. A route reads what it declares: else the OpenAPI document would not tell.

Reading anything else is a mistake of ours that harms nobody who calls. So it only warns, and tests make an
error of it (PYTHONWARNINGS=error:undeclared).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import QueryParams


class Sent(dict[str, Any]):
    """The fields of a body; without ``declared`` all may be read."""

    def __init__(self, values: Mapping[str, Any], declared: frozenset[str] | None = None) -> None:
        super().__init__(values)
        self._declared = declared

    def __getitem__(self, name: str) -> Any:
        _see(name, self._declared)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        _see(name, self._declared)
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        _see(name, self._declared)
        return super().get(name, default)


class Query(QueryParams):
    """The parameters in a URL."""

    def __init__(self, query: QueryParams, declared: frozenset[str]) -> None:
        super().__init__(query)
        self._declared = declared

    def __getitem__(self, name: str) -> str:
        _see(name, self._declared)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        _see(name, self._declared)
        return super().__contains__(name)

    def getlist(self, name: str) -> list[str]:
        _see(name, self._declared)
        return super().getlist(name)


def _see(name: object, declared: frozenset[str] | None) -> None:
    if declared is not None and name not in declared:
        warnings.warn(f"undeclared: {name} is read by a route that does not say so", stacklevel=3)
