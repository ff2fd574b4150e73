# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One object, even where several runs make the same at the same time.

The API takes most objects twice under one name, so a run cannot know beforehand that another is making the
same. Each looks once more after making it: all agree that the oldest stays, and each removes only what it has
made itself, so a stranger's object is never lost.

The API tells times in whole seconds, and within one ids decide. So what is to stay may have been made after
another run has looked, found its own alone and ended: nobody removes that any more, nor what a run has made
that died. A run whose object is to stay therefore waits for the others to go, and where they do not, its own
goes.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence

from .._packet.errors import InvalidError
from .._packet.paging import Item
from .._reconcile import ResourceError

PATIENCE = 20
"""Looks within which another run, having made something, has looked itself and removed it."""

PAUSE = 0.25
"""Seconds between two looks."""


def elect(
    look: Callable[[], Mapping[str, Sequence[Item]]],
    made: Container[str],
    remove: Callable[[list[Item]], None],
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Item]:
    """The object that stays under each key; no key where all are gone. `made` are the ids of our own.

    Raises ResourceError where strangers stay doubled.
    """
    # Those that have given up theirs already wait for the others to come to an end.
    for looks in range(3 * PATIENCE):
        there = {key: sorted(items, key=age) for key, items in look().items() if items}
        rivals = {key: items for key, items in there.items() if len(items) > 1}
        if not rivals:
            return {key: items[0] for key, items in there.items()}
        first_loser = 0 if looks > PATIENCE else 1
        losing = [item for items in rivals.values() for item in items[first_loser:]]
        if own := [item for item in losing if item["id"] in made]:
            remove(own)
        sleep(PAUSE)
    raise ResourceError(_doubled(rivals))


def make_once(
    label: str,
    make: Callable[[], Item],
    look: Callable[[], Sequence[Item]],
    remove: Callable[[Item], None],
) -> Item:
    """Makes an object, unless another run just makes the same: what stays, of all that `look` finds.

    Raises ResourceError.
    """
    made = _made(make, look)

    def take_back(items: list[Item]) -> None:
        for item in items:
            remove(item)

    there = elect(lambda: {label: look()}, {made["id"]} if made else (), take_back)
    if label not in there:
        raise ResourceError(f"{label}: other runs were making the same, and none is left of it; run again")
    # The answer to the order may tell more than the list: a token.
    return made if made and made["id"] == there[label]["id"] else there[label]


def _made(make: Callable[[], Item], look: Callable[[], Sequence[Item]]) -> Item | None:
    """The object; None where the API holds it only once and another run was quicker."""
    try:
        return make()
    except InvalidError:
        if not look():
            raise
        return None


def age(item: Item) -> tuple[str, str]:
    """By which all sort, the oldest first."""
    return item.get("created_at") or "", item["id"]


def _doubled(rivals: Mapping[str, Sequence[Item]]) -> str:
    found = "; ".join(f"{key}: {' and '.join(item['id'] for item in items)}" for key, items in rivals.items())
    return f"{found} were made at the same time; run again, and if they stay remove what is too much"
