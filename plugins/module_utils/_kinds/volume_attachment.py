# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume on a device.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from .._info import Info
from .._packet.client import Client
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.paging import Item
from .._reconcile import Attributes, Normalise, ResourceError
from .election import make_once
from .links import id_of
from .references import Home
from .volume import expected_volume, find_volume, volumes_to_show


class VolumeAttachment:
    """The attachment of one volume; it is on one device at a time."""

    name: ClassVar[str] = "volume_attachment"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "project": PROJECT_OPTION,
        "volume": {"type": "str", "required": True},
        "device": {"type": "str"},
    }
    rules: ClassVar[Mapping[str, Any]] = {"required_if": [("state", "present", ("device",))]}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError without a project."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._volume_reference: str = params["volume"]
        self._device_reference: str | None = params.get("device")
        self._absent = params["state"] == "absent"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> VolumeAttachment:
        """The attachment that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say; that something which shall not be attached is missing is no matter."""
        if self._absent:
            return self._home.warnings
        asked = (
            ("volume", self._volume_reference, self._volume),
            ("device", self._device_reference, self._device),
        )
        missing = [f"the {what} {name!r} does not exist yet" for what, name, there in asked if not there]
        return self._home.warnings or missing

    def wanted(self) -> Attributes:
        """The attributes that the options ask for; what is not there yet goes by its name."""
        return {
            "volume_id": self._volume["id"] if self._volume else self._volume_reference,
            "device_id": self._device["id"] if self._device else self._device_reference,
        }

    def find(self) -> Attributes | None:
        """Where the volume is now. To take it from one device, an attachment to another does not count."""
        if not self._absent:
            self._refuse_distance()
        found = next(iter(attachments_of(self._volume)), None) if self._volume else None
        elsewhere = found and self._device_reference and found["device_id"] != (self._device or {}).get("id")
        return None if self._absent and elsewhere else found

    def create(self, wanted: Attributes) -> Attributes:
        """Attaches it. The API refuses a volume that is not active."""
        volume, device = self._both()
        path = f"storage/{volume['id']}/attachments"

        def make() -> Attributes:
            return _attributes(self._client.call_api(path, "POST", {"device_id": device["id"]}))

        def look() -> list[Attributes]:
            there = find_volume(self._home, volume["id"])
            found = attachments_of(there) if there else []
            return [attachment for attachment in found if attachment["device_id"] == device["id"]]

        return make_once(f"volume_attachment of {self._volume_reference!r}", make, look, self.delete)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Moves it: the API knows only attaching and detaching."""
        self._both()
        self.delete(found)
        return self.create(found | changes)

    def delete(self, found: Attributes) -> None:
        """Detaches it; what is on the volume stays."""
        self._client.remove(f"storage/attachments/{found['id']}")

    @cached_property
    def _volume(self) -> Item | None:
        look = find_volume if self._absent else expected_volume
        return look(self._home, self._volume_reference)

    @cached_property
    def _device(self) -> Item | None:
        return self._home.device(self._device_reference) if self._device_reference else None

    def _both(self) -> tuple[Item, Item]:
        if not self._volume:
            raise ResourceError(
                f"volume_attachment: the project has no volume {self._volume_reference!r}: "
                "make it first (module volume)"
            )
        if not self._device:
            raise ResourceError(
                f"volume_attachment {self._volume_reference!r}: the project has no device "
                f"{self._device_reference!r}"
            )
        return self._volume, self._device

    def _refuse_distance(self) -> None:
        """Before it is taken from where it is, as it could not be attached after."""
        places = [(thing or {}).get("facility") or {} for thing in (self._volume, self._device)]
        here, there = (place.get("code") for place in places)
        if here and there and here != there:
            raise ResourceError(
                f"volume_attachment: the volume {self._volume_reference!r} is in facility {here} and the "
                f"device {self._device_reference!r} in {there}; both must be in the same facility"
            )


def attachments_of(volume: Item) -> list[Attributes]:
    """Those of a volume as the list of all volumes has it."""
    return [_attributes(attachment) for attachment in volume.get("attachments") or []]


def _attributes(attachment: Item) -> Attributes:
    return {
        "id": attachment["id"],
        "volume_id": id_of(attachment.get("volume")),
        "device_id": id_of(attachment.get("device")),
    }


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    """Of all volumes of a project, or of one; on all devices, or on one."""
    volumes = volumes_to_show(client, params)
    found = [attachment for volume in volumes for attachment in attachments_of(volume)]
    if not params.get("device"):
        return found
    device = Home(client, params.get("project")).existing_device(params["device"])
    return [attachment for attachment in found if attachment["device_id"] == device["id"]]


INFO = Info(
    "volume_attachments",
    _search,
    {"project": PROJECT_OPTION, "volume": {"type": "str"}, "device": {"type": "str"}},
)
