# SPDX-License-Identifier: GPL-3.0-or-later
"""How commands print what they list: tab-separated for people and shells, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import msgspec


def print_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print("\t".join(str(row[column]) for column in columns))


def print_json(document: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
