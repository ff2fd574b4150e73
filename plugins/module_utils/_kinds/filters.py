# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects are wanted, of all that are there.

What the API can sift is asked of it, and sifted here once more: a server that does not know a filter ignores
it.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._reconcile import Attributes


def fits(thing: Attributes, **asked: Any) -> bool:
    """Whether the attributes are as asked. None asks for nothing; of several values, one must be it.

    Of an attribute that is a list, all that is asked for must be in it.
    """
    return all(_fits(thing[name], value) for name, value in asked.items() if value is not None)


def named(thing: Attributes, label: str, references: Sequence[str] | None) -> bool:
    """Whether it is one of those that are spoken of, each by its id or by the attribute `label`."""
    return references is None or thing["id"] in references or thing[label] in references


def query(**asked: str | Sequence[str] | None) -> dict[str, str]:
    """What to send: lists with commas, and nothing for what is not asked or has commas of its own."""
    listed = {name: [value] if isinstance(value, str) else value for name, value in asked.items() if value}
    return {
        name: ",".join(values)
        for name, values in listed.items()
        if values and not any("," in value for value in values)
    }


def _fits(value: Any, asked: Any) -> bool:
    several = asked if isinstance(asked, list) else [asked]
    return set(several) <= set(value) if isinstance(value, list) else value in several
