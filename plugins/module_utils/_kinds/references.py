# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and ids: wherever a user speaks of an object, either will do.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from .._packet.client import Client
from .._packet.connection import PROJECT_VARIABLES, unset
from .._packet.errors import ForbiddenError, NotFoundError
from .._packet.paging import Item, everything
from .._reconcile import ResourceError
from .device_attributes import LEAVING

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

WHILE_MADE = "run again if another run is making it just now"
"""What to do about two objects of one name besides deciding between them."""


def is_id(reference: str) -> bool:
    """Whether it has the form of the ids of the API, a UUID."""
    return bool(_UUID.fullmatch(reference))


def only(what: str, items: Sequence[Item]) -> Item | None:
    """The single item, None where there is none. Raises ResourceError that names all where there are more."""
    if len(items) > 1:
        ids = ", ".join(sorted(item["id"] for item in items))
        raise ResourceError(
            f"{what} is ambiguous, there are {len(items)} of them: {ids}; remove what is too much, or "
            f"{WHILE_MADE}"
        )
    return items[0] if items else None


def meant(reference: str, items: Sequence[Item], label: str = "name") -> list[Item]:
    """The items with this id or else this name."""
    return [item for item in items if item["id"] == reference] or [
        item for item in items if item[label] == reference
    ]


def pick(what: str, reference: str, items: Sequence[Item], label: str = "name") -> Item | None:
    """The item with this id or else this name. Raises ResourceError with the candidates where many are."""
    named = meant(reference, items, label)
    if len(named) > 1:
        ids = ", ".join(sorted(item["id"] for item in named))
        raise ResourceError(
            f"{what} {reference!r} is ambiguous: {ids} have that name; give the id, or {WHILE_MADE}"
        )
    return named[0] if named else None


def find_project(client: Client, reference: str) -> Item | None:
    """The project with this name or id. Raises ResourceError for an id that does not exist: it never will."""
    if not is_id(reference):
        # Those whose name has this in it: a project is shown with all its devices.
        return pick("project", reference, everything(client, "projects", "projects", name=reference))
    try:
        project: Item = client.call_api(f"projects/{reference}")
    except (NotFoundError, ForbiddenError) as error:
        raise ResourceError(
            f"project {reference} does not exist, or the token has no access to it"
        ) from error
    return project


class Home:
    """The project in which a kind's objects live; it may not exist yet, as check mode makes none."""

    def __init__(self, client: Client, reference: str | None) -> None:
        """Raises ResourceError without a reference."""
        if not reference:
            raise ResourceError(unset("project", PROJECT_VARIABLES, "its name or id"))
        self._client = client
        self._reference = reference

    @cached_property
    def id(self) -> str | None:
        """The project's id, None where there is no project of that name."""
        project = find_project(self._client, self._reference)
        return project["id"] if project else None

    @property
    def warnings(self) -> list[str]:
        """What check mode should say, as it cannot know whether the project will be there."""
        return [] if self.id else [f"the project {self._reference!r} does not exist yet"]

    def path(self, tail: str) -> str:
        """The path of something in the project. Raises ResourceError where the project does not exist."""
        if not self.id:
            raise ResourceError(
                f"the project {self._reference!r} does not exist: make it first (module project)"
            )
        return f"projects/{self.id}/{tail}"

    def everything(self, tail: str, key: str, **params: str) -> list[Item]:
        """A list in the project with all its pages; empty where the project does not exist."""
        return everything(self._client, self.path(tail), key, **params) if self.id else []

    def devices(self) -> list[Item]:
        """Those of the project; what is on its way out is not there any more."""
        return [item for item in self.everything("devices", "devices") if item["state"] not in LEAVING]

    def device(self, reference: str) -> Item | None:
        """The device with this hostname or id; None for a hostname that no device has (yet).

        Raises ResourceError where several have that hostname, and for an id that does not exist.
        """
        device = pick("device", reference, self.devices(), label="hostname")
        if device is None and is_id(reference):
            raise ResourceError(f"there is no device {reference} in the project {self._reference!r}")
        return device

    def existing_device(self, reference: str) -> Item:
        """The same, where nothing can be done without it. Raises ResourceError where it is not there."""
        self.path("devices")
        device = self.device(reference)
        if device is None:
            raise ResourceError(f"the project {self._reference!r} has no device {reference!r}")
        return device
