# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of the driver ``record``: SIMULATED, nothing serves them.

What is on a volume is recorded as the volume where it was first written, so that clones and restorations
can be told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Row

from packetd.drivers import DriverError, Export, VolumeOrder

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS volumes (volume_id TEXT PRIMARY KEY, size INTEGER NOT NULL,"
    " content TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS snapshots (snapshot_id TEXT PRIMARY KEY, volume_id TEXT NOT NULL,"
    " content TEXT NOT NULL)",
)
# Of the first network for documentation (RFC 5737): nobody else is ever asked there for a volume.
_PORTALS = ("192.0.2.1", "192.0.2.2")


class Execute(Protocol):
    """Runs a statement with the values of its parameters."""

    def __call__(self, statement: str, **values: object) -> Sequence[Row[Any]]: ...


class RecordedVolumes:
    """Lines in the database of the driver, which ``execute`` reaches."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def make(self, order: VolumeOrder) -> Export:
        if not self._execute("SELECT 1 FROM volumes WHERE volume_id = :id", id=order.id):
            self._execute(
                "INSERT INTO volumes VALUES (:id, :size, :content)",
                id=order.id,
                size=order.size_gib,
                content=self._source(order),
            )
        self._execute(
            "UPDATE volumes SET size = :size WHERE volume_id = :id AND size < :size",
            id=order.id,
            size=order.size_gib,
        )
        found = self._execute("SELECT size FROM volumes WHERE volume_id = :id", id=order.id)
        name = f"iqn.2013-05.com.daterainc:tc:01:sn:{order.id.replace('-', '')[:16]}"
        return Export(name, _PORTALS, found[0].size)

    def _source(self, order: VolumeOrder) -> str:
        """What will be on a new volume."""
        if order.source_volume is None:
            return order.id
        if order.source_snapshot is None:
            return self._volume(order.source_volume)
        return self._snapshot(order.source_snapshot)

    def _volume(self, volume_id: str) -> str:
        found = self._execute("SELECT content FROM volumes WHERE volume_id = :id", id=volume_id)
        if not found:
            raise DriverError(f"there is no volume {volume_id}")
        return str(found[0].content)

    def _snapshot(self, snapshot_id: str) -> str:
        found = self._execute("SELECT content FROM snapshots WHERE snapshot_id = :id", id=snapshot_id)
        if not found:
            raise DriverError(f"there is no snapshot {snapshot_id}")
        return str(found[0].content)

    def destroy(self, volume_id: str) -> None:
        self._execute("DELETE FROM snapshots WHERE volume_id = :id", id=volume_id)
        self._execute("DELETE FROM volumes WHERE volume_id = :id", id=volume_id)

    def take_snapshot(self, volume_id: str, snapshot_id: str) -> None:
        self._execute(
            "INSERT INTO snapshots VALUES (:id, :volume, :content) ON CONFLICT (snapshot_id) DO NOTHING",
            id=snapshot_id,
            volume=volume_id,
            content=self._volume(volume_id),
        )

    def drop_snapshot(self, volume_id: str, snapshot_id: str) -> None:
        self._execute(
            "DELETE FROM snapshots WHERE snapshot_id = :id AND volume_id = :volume",
            id=snapshot_id,
            volume=volume_id,
        )

    def restore(self, volume_id: str, snapshot_id: str) -> None:
        self._execute(
            "UPDATE volumes SET content = :content WHERE volume_id = :id",
            id=volume_id,
            content=self._snapshot(snapshot_id),
        )
