# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders for many devices: in batches, and one by one what the API does not take in a batch.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._packet.client import Client, all_of, each
from .._packet.errors import InvalidError, NotFoundError, UnavailableError
from .._packet.paging import Item
from .._reconcile import ResourceError
from .links import id_of

AT_ONCE = 100
"""Devices in one request, so that its answer comes in time."""

REFUSALS = (InvalidError, NotFoundError, UnavailableError)
"""Answers after which nothing was made. The API takes a batch as a whole or not at all."""

UNTOLD = "it went away as soon as it was made, as other runs may have made it too; run again"

Body = dict[str, Any]


class Orders:
    """What was ordered in a project, and what became of it."""

    def __init__(self, client: Client, path: str) -> None:
        """`path` is that of the project's devices."""
        self.made: set[str] = set()
        """Ids of what we have made ourselves."""
        self._client = client
        self._path = path
        self._batches: list[Item] = []
        self._problems: dict[str, str] = {}
        self._messages: dict[str, None] = {}
        """Each once, in the order in which they were told."""

    def send(self, bodies: Mapping[str, Body]) -> None:
        """Sends orders, by hostname, as many of them in one request as may be."""
        names = list(bodies)
        parts = [names[first : first + AT_ONCE] for first in range(0, len(names), AT_ONCE)]
        # One that is by itself needs no batch.
        alone = [name for part in parts if len(part) == 1 for name in part]
        parts = [part for part in parts if len(part) > 1]
        for part, outcome in zip(parts, each(lambda part: self._batch(part, bodies), parts), strict=True):
            if isinstance(outcome, REFUSALS):
                # Each for itself then: the others are made, and the error names those at fault.
                alone += part
            elif isinstance(outcome, ResourceError):
                self._problems |= dict.fromkeys(part, str(outcome))
            else:
                self._keep(outcome)
        for name, answer in zip(alone, each(lambda name: self._single(bodies[name]), alone), strict=True):
            if isinstance(answer, ResourceError):
                self._problems[name] = str(answer)
            else:
                self.made.add(answer)

    def problem(self, hostname: str) -> str:
        """Why there is no device for an order, as far as the API says it."""
        return self._problems.get(hostname) or "; ".join(self._messages) or UNTOLD

    @property
    def pending(self) -> int:
        """How many devices of the batches are still to come: the API may make them after its answer."""
        return sum(map(_owed, self._batches))

    def ask(self) -> None:
        """Asks how far the batches are of which devices are still to come."""
        pending, self._batches = [batch for batch in self._batches if _owed(batch)], []
        self._keep(all_of(lambda batch: self._client.call_api(f"batches/{batch['id']}"), pending))

    def _batch(self, names: list[str], bodies: Mapping[str, Body]) -> list[Item]:
        answer = self._client.call_api(
            f"{self._path}/batch", "POST", {"batches": _entries([bodies[name] for name in names])}
        )
        batches: list[Item] = answer["batches"]
        return batches

    def _single(self, body: Body) -> str:
        return str(self._client.call_api(self._path, "POST", body)["id"])

    def _keep(self, batches: list[Item]) -> None:
        self._batches += batches
        for batch in batches:
            self._messages |= dict.fromkeys(batch.get("error_messages") or ())
        self.made |= {id_ for batch in batches for device in batch["devices"] if (id_ := id_of(device))}


def _entries(bodies: list[Body]) -> list[Body]:
    """One entry for those that differ in their hostnames alone."""
    hostnames: dict[str, list[str]] = {}
    for body in bodies:
        rest = {name: value for name, value in body.items() if name != "hostname"}
        hostnames.setdefault(json.dumps(rest, sort_keys=True), []).append(body["hostname"])
    return [
        {**json.loads(rest), "hostnames": names, "quantity": len(names)} for rest, names in hostnames.items()
    ]


def _owed(batch: Item) -> int:
    """How many devices of a batch are to come; none that has ended, well or not, makes more."""
    ended = batch["state"] in ("completed", "failed")
    return 0 if ended else max(0, batch["quantity"] - len(batch["devices"]))
