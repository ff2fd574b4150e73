# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume: storage in a network, of a project, that one device at a time can use.

The API gives a volume its name (volume-1a2b3c4d), so its description is what tells it from others.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .._info import Info, of_project
from .._packet.client import Client
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.errors import ApiError
from .._packet.paging import Item, everything
from .._packet.wait import OPTIONS as WAIT_OPTIONS
from .._packet.wait import Waiting
from .._reconcile import Attributes, Normalise, Plan, ResourceError
from .election import make_once
from .links import id_of, part
from .names import body
from .references import Home, is_id, meant, pick

SMALLEST, LARGEST = 10, 10_000
"""GiB."""

INCLUDED = "facility,attachments,snapshot_policies"
"""What an answer about a volume shall tell in full."""

READY, FAILED = "active", "failed"


class Volume:
    """One volume, known by its description or, for a new description, by its id."""

    name: ClassVar[str] = "volume"
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        **WAIT_OPTIONS,
        "project": PROJECT_OPTION,
        "description": {"type": "str"},
        "id": {"type": "str"},
        "plan": {"type": "str"},
        "facility": {"type": "str"},
        "size": {"type": "int"},
        "locked": {"type": "bool"},
        "billing_cycle": {"type": "str", "choices": ["hourly", "monthly"]},
        "custom_data": {"type": "dict"},
        "replace": {"type": "bool", "default": False},
    }
    rules: ClassVar[Mapping[str, Any]] = {"required_one_of": [("description", "id")]}

    def __init__(self, client: Client, params: Mapping[str, Any], waiting: Waiting | None = None) -> None:
        """Raises ResourceError for options that cannot be."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._params = params
        self._id: str | None = params.get("id")
        self._label: str = params.get("description") or self._id or ""
        self._present = params["state"] == "present"
        self._waiting = waiting or Waiting()
        self._shrinks = False
        self.replace: bool = params["replace"]
        if not self._label:
            raise ResourceError("volume: description is empty; a volume is known by it")
        size = params.get("size")
        if self.replace and self._id:
            raise ResourceError(
                f"volume {self._id}: replace is for volumes known by their description, as a new one has "
                "another id; leave out the id"
            )
        if size is not None and not SMALLEST <= size <= LARGEST:
            raise ResourceError(
                f"volume {self._label!r}: size is {size} GiB; allowed are {SMALLEST} to {LARGEST}"
            )

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Volume:
        """The volume that the options speak of."""
        return cls(Client(Connection.from_params(params)), params, Waiting.from_params(params))

    @property
    def immutable(self) -> frozenset[str]:
        """A volume only grows."""
        return frozenset({"facility", "size"} if self._shrinks else {"facility"})

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        return self._home.warnings

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        names = ("description", "plan", "facility", "size", "locked", "billing_cycle", "custom_data")
        return {name: self._params.get(name) for name in names}

    def find(self) -> Attributes | None:
        """Looks through all volumes of the project; one that a run before has left half made is waited for.

        Raises ResourceError for what cannot be: here, so that check mode foretells it.
        """
        found = find_volume(self._home, self._id or self._label)
        if not self._present:
            return attributes(found) if found else None
        if found is None:
            self._refuse_incomplete()
            return None
        size = self._params.get("size")
        self._shrinks = size is not None and size < found["size"]
        return attributes(found) if found["state"] == READY else self._ready(found["id"])

    def check(self, step: Plan) -> None:
        """Refuses to replace what is in use, or by what cannot be made."""
        if step.replaced and step.before:
            self._refuse_removal(step.before)
            self._refuse_incomplete()

    def create(self, wanted: Attributes) -> Attributes:
        """Makes it and waits until it can be used."""
        path = self._home.path("storage")
        made = make_once(
            f"volume {self._label!r}",
            lambda: self._client.call_api(path, "POST", body(wanted)),
            lambda: _meant(self._label, _all(self._home)),
            self._take_back,
        )
        return self._ready(made["id"])

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Changes it, or lets it grow; the device that uses it keeps it meanwhile."""
        self._client.call_api(f"storage/{found['id']}", "PATCH", body(changes))
        return self._ready(found["id"])

    def delete(self, found: Attributes) -> None:
        """Removes it with its snapshots; in check mode a task before may be about to set it free."""
        self._refuse_removal(found)
        self._client.remove(f"storage/{found['id']}")

    def _refuse_removal(self, found: Attributes) -> None:
        if found["attached_to"]:
            raise ResourceError(
                f"volume {self._label!r} is attached to device {', '.join(found['attached_to'])}; "
                "detach it first (module volume_attachment, state: absent)"
            )
        if found["locked"]:
            raise ResourceError(f"volume {self._label!r} is locked; unlock it first (locked: false)")

    def _take_back(self, volume: Item) -> None:
        if volume["locked"]:
            self._client.call_api(f"storage/{volume['id']}", "PATCH", {"locked": False})
        self._client.remove(f"storage/{volume['id']}")

    def _refuse_incomplete(self) -> None:
        """An id is given by the API, so one that does not exist cannot be made."""
        if self._id:
            raise ResourceError(f"volume {self._id} does not exist; leave out the id to make a new volume")
        missing = [name for name in ("plan", "facility") if not self._params.get(name)]
        if missing:
            raise ResourceError(f"volume {self._label!r}: cannot be made without {', '.join(missing)}")

    def _ready(self, volume_id: str) -> Attributes:
        """The volume once it can be used, or without waiting as it is."""

        def look() -> Item:
            volume: Item = self._client.call_api(f"storage/{volume_id}", params={"include": INCLUDED})
            if volume["state"] == FAILED:
                raise ResourceError(
                    f"volume {self._label!r} ({volume_id}) could not be made: {self._last_event(volume_id)}; "
                    "remove it (state: absent) and run again to make it anew"
                )
            return volume

        if not self._waiting.wanted:
            return attributes(look())
        volume = self._waiting.until(
            look,
            done=lambda volume: bool(volume["state"] == READY),
            tell=lambda volume: f"volume {self._label!r} is {volume['state']}",
            late=lambda volume: (
                f"volume {self._label!r} ({volume_id}): still {volume['state']} after "
                f"{self._waiting.limit:g} s (wait_timeout): {self._last_event(volume_id)}; "
                "run again to go on waiting"
            ),
        )
        return attributes(volume)

    def _last_event(self, volume_id: str) -> str:
        try:
            events = self._client.call_api(f"volumes/{volume_id}/events", params={"per_page": 1})["events"]
        except ApiError as error:
            return f"its events cannot be read ({error})"
        return f"the last event is {events[0]['body']!r}" if events else "nothing has happened yet"


def find_volume(home: Home, reference: str) -> Item | None:
    """The volume with this id, name or else description. Raises ResourceError where that is ambiguous."""
    return _named(reference, _all(home))


def expected_volume(home: Home, reference: str) -> Item | None:
    """The same, None where it may yet be made. Raises ResourceError for an id: it never will."""
    volume = find_volume(home, reference)
    if volume is None and is_id(reference):
        raise ResourceError(f"there is no volume {reference} in the project")
    return volume


def volumes_to_show(client: Client, params: Mapping[str, Any]) -> list[Item]:
    """All of the option `project`, or the one that the option `volume` names; either must exist."""
    path = Home(client, params.get("project")).path("storage")
    volumes = everything(client, path, "volumes", include=INCLUDED)
    if not params.get("volume"):
        return volumes
    volume = _named(params["volume"], volumes)
    if volume is None:
        raise ResourceError(f"the project has no volume {params['volume']!r}")
    return [volume]


def _all(home: Home) -> list[Item]:
    return home.everything("storage", "volumes", include=INCLUDED)


def _meant(reference: str, volumes: list[Item]) -> list[Item]:
    return meant(reference, volumes) or meant(reference, volumes, label="description")


def _named(reference: str, volumes: list[Item]) -> Item | None:
    return pick("volume", reference, volumes) or pick("volume", reference, volumes, label="description")


def attributes(volume: Item) -> Attributes:
    """A volume of the API as a flat dictionary."""
    access = volume.get("access") or {}
    return {
        "id": volume["id"],
        "name": volume["name"],
        "description": volume.get("description"),
        "state": volume["state"],
        "size": volume["size"],
        "plan": part(volume.get("plan"), "slug"),
        "facility": part(volume.get("facility"), "code"),
        "locked": bool(volume.get("locked")),
        "billing_cycle": volume.get("billing_cycle"),
        "custom_data": volume.get("customdata") or {},
        "attached_to": [id_of(attachment.get("device")) for attachment in volume.get("attachments") or []],
        "iqn": access.get("iqn"),
        "addresses": list(access.get("ips") or []),
        "created_at": volume.get("created_at"),
    }


INFO: Info = of_project("volumes", "storage", "volumes", attributes, include=INCLUDED)
