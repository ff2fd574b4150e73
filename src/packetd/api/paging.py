# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in pages.

The hrefs in ``meta`` carry no ``/metal/v1``: packngo resolves ``next`` against a base that has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar
from urllib.parse import urlencode

from sqlalchemy import Select, func

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.views import Document, Reference

Row = TypeVar("Row")
Item = TypeVar("Item")


class Meta(TypedDict):
    """Where a page stands among the others."""

    first: Reference | None
    previous: Reference | None
    self: Reference | None
    next: Reference | None
    last: Reference | None
    total: int
    current_page: int
    last_page: int


_LARGEST = 1000


def paged(
    call: Call,
    name: str,
    rows: Select[Row],
    render: Callable[[Sequence[Row]], Sequence[Mapping[str, Any]]],
    *,
    size: int = 10,
    shown: bool = False,
) -> Document:
    """One page of ``rows`` under ``name``, with ``meta``; ``size`` is that of a page unless asked for.

    ``shown`` says that what ``render`` gives is as the client wishes already.
    """
    page, per_page = _asked_for(call, size)
    counted = rows.order_by(None).options().with_only_columns(func.count(), maintain_column_froms=True)
    total = call.session.execute(counted).scalar_one()
    found = call.session.scalars(rows.limit(per_page).offset((page - 1) * per_page)).all()
    documents = render(found)
    return _document(call, name, documents if shown else call.shown(documents), total, size)


def paged_items(
    call: Call, name: str, items: Sequence[Item], render: Callable[[Item], Mapping[str, Any]], *, size: int
) -> Document:
    """The same of what is no single query."""
    page, per_page = _asked_for(call, size)
    found = items[(page - 1) * per_page :][:per_page]
    return _document(call, name, call.shown([render(item) for item in found]), len(items), size)


def _asked_for(call: Call, size: int) -> tuple[int, int]:
    """Which page is wanted, and how long it is."""
    return _number(call, "page", 1, None), _number(call, "per_page", size, _LARGEST)


def _document(
    call: Call, name: str, documents: Sequence[Mapping[str, Any]], total: int, size: int
) -> Document:
    page, per_page = _asked_for(call, size)
    return {name: documents, "meta": _meta(call, page, max(1, -(-total // per_page)), total)}


def _number(call: Call, name: str, default: int, largest: int | None) -> int:
    text = call.query.get(name)
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,12}", text) or int(text) < 1:
        raise InvalidError(f"{name} {text!r} is not a whole number of at least 1")
    return int(text) if largest is None else min(int(text), largest)


def _meta(call: Call, page: int, last: int, total: int) -> Meta:
    others = [(name, value) for name, value in call.query.multi_items() if name != "page"]

    def href(number: int) -> Reference | None:
        if not 1 <= number <= last:
            return None
        return {"href": f"{call.url}?{urlencode([*others, ('page', number)])}"}

    return {
        "first": href(1),
        "previous": href(page - 1),
        "self": href(page),
        "next": href(page + 1),
        "last": href(last),
        "total": total,
        "current_page": page,
        "last_page": last,
    }
