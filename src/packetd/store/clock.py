# SPDX-License-Identifier: GPL-3.0-or-later
"""The database's own clock, which is the same for all servers whatever theirs say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement


class clock(FunctionElement[float]):  # noqa: N801 - used as a function of SQL
    """Seconds since 1970, as the database counts them."""

    type = Float()
    inherit_cache = True


@compiles(clock, "postgresql")
def _postgresql(_element: clock, _compiler: SQLCompiler, **_options: Any) -> str:
    # Not now(): that stands still in a transaction that had to wait.
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


@compiles(clock, "sqlite")
def _sqlite(_element: clock, _compiler: SQLCompiler, **_options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"
