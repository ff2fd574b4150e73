# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of virtual networks, of which each is given once in a project and metro."""

from __future__ import annotations

from collections.abc import Collection

LOWEST, HIGHEST = 2, 3999
_AUTOMATIC = range(1000, 2000)


def choose(taken: Collection[int]) -> int | None:
    """The lowest free number of those that are given automatically; None when there is none."""
    return next((number for number in _AUTOMATIC if number not in taken), None)
