# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in pages.

The hrefs in ``meta`` carry no ``/metal/v1``: packngo resolves ``next`` against a base that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from sqlalchemy import Select, func

from packetd.api.calls import Call
from packetd.api.errors import InvalidError
from packetd.api.views import Document

Row = TypeVar("Row")

_LARGEST = 1000


def paged(
    call: Call,
    name: str,
    rows: Select[Row],
    render: Callable[[Sequence[Row]], list[Document]],
    *,
    size: int = 10,
) -> Document:
    """One page of ``rows`` under ``name``, with ``meta``; ``size`` is that of a page unless asked for."""
    page = _number(call, "page", 1, None)
    per_page = _number(call, "per_page", size, _LARGEST)
    counted = rows.order_by(None).options().with_only_columns(func.count(), maintain_column_froms=True)
    total = call.session.execute(counted).scalar_one()
    found = call.session.scalars(rows.limit(per_page).offset((page - 1) * per_page)).all()
    document = call.show_all(name, render(found))
    document["meta"] = _meta(call, page, max(1, -(-total // per_page)), total)
    return document


def _number(call: Call, name: str, default: int, largest: int | None) -> int:
    text = call.query.get(name)
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise InvalidError(f"{name} {text!r} is not a whole number of at least 1")
    return int(text) if largest is None else min(int(text), largest)


def _meta(call: Call, page: int, last: int, total: int) -> dict[str, Any]:
    others = [(name, value) for name, value in call.query.multi_items() if name != "page"]

    def href(number: int) -> dict[str, str] | None:
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
