# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that were ordered together.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._info import Info
from .._packet.client import Client
from .._packet.connection import PROJECT_OPTION
from .._packet.paging import Item, everything
from .._reconcile import Attributes
from .filters import fits
from .links import id_of
from .references import Home

STATES = ("in_progress", "completed", "failed")


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    path = Home(client, params.get("project")).path("batches")
    batches = map(_attributes, everything(client, path, "batches"))
    return [batch for batch in batches if fits(batch, id=params["ids"], state=params["states"])]


def _attributes(batch: Item) -> Attributes:
    return {
        **{name: batch.get(name) for name in ("id", "state", "quantity")},
        "errors": list(batch.get("error_messages") or []),
        "device_ids": [id_of(device) for device in batch.get("devices") or []],
        "project_id": id_of(batch.get("project")),
        **{name: batch.get(name) for name in ("created_at", "updated_at")},
    }


BATCHES = Info(
    "batches",
    _search,
    {
        "project": PROJECT_OPTION,
        "ids": {"type": "list", "elements": "str"},
        "states": {"type": "list", "elements": "str", "choices": list(STATES)},
    },
)
