# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A snapshot policy: how often snapshots of a volume are taken by themselves, and how many are kept.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from .._info import Info
from .._packet.client import Client
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.paging import Item
from .._reconcile import Attributes, Normalise, ResourceError
from .election import make_once
from .links import id_of
from .references import Home, only
from .volume import expected_volume, find_volume, volumes_to_show

FREQUENCIES = ("15min", "1hour", "1day", "1week", "1month", "1year")
MOST = 256
"""How many snapshots a policy can keep."""


class SnapshotPolicy:
    """One policy, known by its volume and its frequency or, for a new frequency, by its id."""

    name: ClassVar[str] = "snapshot_policy"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "project": PROJECT_OPTION,
        "volume": {"type": "str", "required": True},
        "frequency": {"type": "str", "choices": list(FREQUENCIES)},
        "count": {"type": "int"},
        "id": {"type": "str"},
    }
    rules: ClassVar[Mapping[str, Any]] = {"required_one_of": [("frequency", "id")]}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for a count that cannot be."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._volume_reference: str = params["volume"]
        self._frequency: str | None = params.get("frequency")
        self._count: int | None = params.get("count")
        self._id: str | None = params.get("id")
        self._absent = params["state"] == "absent"
        if self._count is not None and not 1 <= self._count <= MOST:
            raise ResourceError(
                f"snapshot_policy of volume {self._volume_reference!r}: count is {self._count}; allowed are "
                f"1 to {MOST}"
            )

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> SnapshotPolicy:
        """The policy that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        missing = not self._absent and not self._volume
        volume = [f"the volume {self._volume_reference!r} does not exist yet"] if missing else []
        return self._home.warnings or volume

    def wanted(self) -> Attributes:
        """The attributes that the options ask for; a volume that is not there yet goes by its name."""
        volume = self._volume["id"] if self._volume else self._volume_reference
        return {"volume_id": volume, "frequency": self._frequency, "count": self._count}

    def find(self) -> Attributes | None:
        """Looks through the policies of the volume. Raises ResourceError where two could be the one."""
        policies = policies_of(self._volume) if self._volume else []
        if not self._id:
            return only(self._label, self._of_frequency(policies))
        named = next((policy for policy in policies if policy["id"] == self._id), None)
        # An id is given by the API, so one that does not exist cannot be made.
        if named is None and not self._absent:
            raise ResourceError(
                f"snapshot_policy: the volume {self._volume_reference!r} has no policy {self._id}; "
                "leave out the id to make a new one"
            )
        return named

    def create(self, wanted: Attributes) -> Attributes:
        """Has snapshots taken from now on, the first after one period."""
        if not self._volume:
            raise ResourceError(
                f"snapshot_policy: the project has no volume {self._volume_reference!r}: "
                "make it first (module volume)"
            )
        path = f"storage/{self._volume['id']}/snapshot-policies"
        return make_once(
            self._label,
            lambda: self._send(path, "POST", wanted),
            lambda: self._of_frequency(self._policies()),
            self.delete,
        )

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Changes it; snapshots that are too many then are removed by the API."""
        return self._send(f"storage/snapshot-policies/{found['id']}", "PATCH", changes)

    def delete(self, found: Attributes) -> None:
        """Has no more snapshots taken; those that are there stay."""
        self._client.remove(f"storage/snapshot-policies/{found['id']}")

    @property
    def _label(self) -> str:
        return f"snapshot_policy: the one of {self._frequency} of {self._volume_reference!r}"

    def _policies(self) -> list[Attributes]:
        """Those that the volume has by now."""
        volume = find_volume(self._home, self._volume_reference)
        return policies_of(volume) if volume else []

    def _of_frequency(self, policies: list[Attributes]) -> list[Attributes]:
        return [policy for policy in policies if policy["frequency"] == self._frequency]

    @cached_property
    def _volume(self) -> Item | None:
        look = find_volume if self._absent else expected_volume
        return look(self._home, self._volume_reference)

    def _send(self, path: str, method: str, wanted: Attributes) -> Attributes:
        """The API takes policies in the query, not in the body."""
        query = {f"snapshot_{name}": wanted[name] for name in ("frequency", "count") if name in wanted}
        return _attributes(self._client.call_api(f"{path}?{urlencode(query)}", method))


def policies_of(volume: Item) -> list[Attributes]:
    """Those of a volume as the list of all volumes has it."""
    return [_attributes(policy) for policy in volume.get("snapshot_policies") or []]


def _attributes(policy: Item) -> Attributes:
    return {
        "id": policy["id"],
        "volume_id": id_of(policy.get("volume")),
        "frequency": policy["snapshot_frequency"],
        "count": policy["snapshot_count"],
    }


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    """Of all volumes of a project, or of one."""
    return [policy for volume in volumes_to_show(client, params) for policy in policies_of(volume)]


INFO = Info("snapshot_policies", _search, {"project": PROJECT_OPTION, "volume": {"type": "str"}})
