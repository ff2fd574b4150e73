# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that were asked for."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from packetd.store.tables.base import Table, Thing


class Fault(Thing, Table):
    """``description`` is one of model/faults.py as JSON: a new kind needs no migration.

    ``occasions`` counts what matched it so far, ``fired`` how often it struck.
    """

    __tablename__ = "faults"
    description: Mapped[dict[str, Any]]
    occasions: Mapped[int] = mapped_column(default=0)
    fired: Mapped[int] = mapped_column(default=0)
