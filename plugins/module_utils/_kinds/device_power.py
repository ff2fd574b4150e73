# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power of devices: many switched or restarted in one step, and waited for together.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

from .._info import of_project
from .._packet.client import Client, all_of
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.errors import InvalidError
from .._packet.paging import PER_PAGE, Item
from .._packet.wait import OPTIONS as WAIT_OPTIONS
from .._packet.wait import Waiting
from .._reconcile import Attributes, Normalise, Plan, ResourceError
from .links import id_of
from .references import Home, is_id, pick

ON, OFF, REBOOTED = "active", "inactive", "rebooted"
WANTED = {"on": ON, "off": OFF, "rebooted": REBOOTED}
"""The state of a device, by that of the option; a reboot has no state of its own in the API."""

HEADING = {"powering_on": ON, "queued": ON, "provisioning": ON, "reinstalling": ON, "powering_off": OFF}
"""The state that a device is about to be in, by the one in which it is."""

AT_REST = frozenset({ON, OFF})
FAILED = "failed"

RESTARTED = frozenset({"power.203", "power.204"})
"""Events that end a reboot; the second is that of a device that was off."""

REFUSED = "power.failed"


class DevicePower:
    """The devices that are listed, by the hostname or id under which they are listed."""

    name: ClassVar[str] = "device_power"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {"state": lambda state: HEADING.get(state, state)}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        **WAIT_OPTIONS,
        "project": PROJECT_OPTION,
        "devices": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": list(WANTED), "required": True},
    }
    rules: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, client: Client, params: Mapping[str, Any], waiting: Waiting | None = None) -> None:
        """Raises ResourceError without a project."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._references: list[str] = params["devices"]
        self._wanted = WANTED[params["state"]]
        self._waiting = waiting or Waiting()
        self._asked = False
        self._latest: str | None = None
        """The id of the last event before the devices were asked."""

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DevicePower:
        """The devices that the options speak of."""
        return cls(Client(Connection.from_params(params)), params, Waiting.from_params(params))

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        missing = [
            f"the device {name!r} does not exist yet" for name, device in self._found.items() if not device
        ]
        return self._home.warnings or missing

    def wanted(self) -> dict[str, Attributes]:
        """The state that the option asks for, of each device."""
        return {reference: {"state": self._wanted} for reference in self._references}

    def find(self) -> dict[str, Attributes]:
        """By hostname or id, as listed. Raises ResourceError where two devices could be the one."""
        return {name: _attributes(device) for name, device in self._found.items() if device}

    def check(self, steps: Mapping[str, Plan]) -> None:
        """Refuses devices that could not be provisioned: there is nothing to switch."""
        _refuse_failed({name: step.before for name, step in steps.items() if step.before})

    def create(self, wanted: Mapping[str, Attributes]) -> dict[str, Attributes]:
        """Nothing can be switched that is not there; check mode may come before the devices are made."""
        self._home.path("devices")
        raise ResourceError(
            f"device_power: the project has no device {', '.join(map(repr, wanted))}: "
            "make it first (module device)"
        )

    def update(
        self, found: Mapping[str, Attributes], changes: Mapping[str, Attributes]
    ) -> dict[str, Attributes]:
        """Asks all at the same time; one that is just being switched or installed when that is over."""
        self._latest, self._asked = self._latest_event(), True
        asked: set[str] = set()

        def look() -> dict[str, Item]:
            devices = self._look(found)
            _refuse_failed(devices)
            able = [name for name in changes if name not in asked and self._is_able(devices[name])]
            asked.update(name for name, taken in zip(able, self._ask(able, devices), strict=True) if taken)
            return {name: device for name, device in devices.items() if name not in asked}

        if not self._waiting.wanted:
            look()
            return {name: _attributes(device) for name, device in self._look(found).items()}
        self._waiting.until(
            look,
            done=lambda left: not left,
            tell=lambda left: f"{len(changes) - len(left)} of {len(changes)} devices asked",
            late=lambda left: self._late("cannot be asked yet", left),
        )
        return dict(found)

    def delete(self, found: Mapping[str, Attributes]) -> None:
        """Never called, as nothing is found that is not listed."""

    def settle(self, present: Mapping[str, Attributes]) -> dict[str, Attributes]:
        """Waits until all are as wanted, by looking at the whole project at once."""
        if not self._waiting.wanted or all(device["state"] == self._wanted for device in present.values()):
            return dict(present)

        def look() -> tuple[dict[str, Item], dict[str, Item]]:
            """The devices as they are, and those that are not done."""
            # The events first: what they tell of is then in the devices too.
            events = list(self._news())
            devices = self._look(present)
            self._raise_refused(devices, events)
            _refuse_failed(devices)
            left = {name: device for name, device in devices.items() if not self._is_done(device, events)}
            return devices, left

        devices, _left = self._waiting.until(
            look,
            done=lambda seen: not seen[1],
            tell=lambda seen: f"{len(present) - len(seen[1])} of {len(present)} devices {self._wanted}",
            late=lambda seen: self._late(f"not {self._wanted}", seen[1]),
        )
        return {name: _attributes(device) for name, device in devices.items()}

    @cached_property
    def _found(self) -> dict[str, Item | None]:
        """By reference; None for a hostname that no device has (yet)."""
        devices = self._home.devices()
        found: dict[str, Item | None] = {}
        names: dict[str, str] = {}
        for reference in self._references:
            device = pick("device", reference, devices, label="hostname")
            if device is None and is_id(reference):
                raise ResourceError(f"device_power: there is no device {reference} in the project")
            id_ = device["id"] if device else reference
            if id_ in names:
                raise ResourceError(f"device_power: {names[id_]} and {reference} in devices are the same")
            names[id_] = reference
            found[reference] = device
        return found

    def _look(self, known: Mapping[str, Attributes]) -> dict[str, Item]:
        """These devices as they are now. Raises ResourceError where one is gone."""
        devices = {device["id"]: device for device in self._home.devices()}
        if gone := [name for name, device in known.items() if device["id"] not in devices]:
            raise ResourceError(f"device_power: {', '.join(gone)} went away meanwhile; run again without")
        return {name: devices[device["id"]] for name, device in known.items()}

    def _is_able(self, device: Item) -> bool:
        """Whether it can be asked; without waiting it is now or never."""
        return device["state"] in AT_REST or not self._waiting.wanted

    def _ask(self, names: list[str], devices: Mapping[str, Item]) -> list[bool]:
        """Whether each has taken it; raises ResourceError for a refusal that will last."""

        def ask(name: str) -> bool:
            device = devices[name]
            try:
                action = {"type": _action(self._wanted, device["state"])}
                self._client.call_api(f"devices/{device['id']}/actions", "POST", action)
            except InvalidError as error:
                # A reboot that somebody else has asked for does not show in the state.
                if self._waiting.wanted and "working on" in str(error):
                    return False
                raise ResourceError(f"device_power {name}: {error}") from error
            return True

        return all_of(ask, names)

    def _is_done(self, device: Item, events: list[Item]) -> bool:
        if self._wanted != REBOOTED:
            return bool(device["state"] == self._wanted)
        newest = _newest(device, events)
        return bool(device["state"] == ON and newest and newest["type"] in RESTARTED)

    def _raise_refused(self, devices: Mapping[str, Item], events: list[Item]) -> None:
        refused = [
            f"{name} ({device['id']}): {newest['body']}"
            for name, device in devices.items()
            if (newest := _newest(device, events)) and newest["type"] == REFUSED
        ]
        if refused:
            raise ResourceError(
                f"device_power: {'; '.join(refused)}; see to the machine, then run again to try once more"
            )

    def _late(self, what: str, left: Mapping[str, Item]) -> str:
        devices = ", ".join(f"{name} ({device['id']}) is {device['state']}" for name, device in left.items())
        remedy = "reboot once more" if self._wanted == REBOOTED else "go on waiting"
        return (
            f"device_power: {what} after {self._waiting.limit:g} s (wait_timeout): {devices}; "
            f"run again to {remedy}"
        )

    def _latest_event(self) -> str | None:
        """That of the project."""
        events = self._events(1, per_page=1)["events"]
        return events[0]["id"] if events else None

    def _news(self) -> Iterator[Item]:
        """What has happened in the project since the devices were asked, the latest first."""
        number, last = 0, int(self._asked)
        while number < last:
            number += 1
            page = self._events(number, per_page=PER_PAGE)
            for event in page["events"]:
                if event["id"] == self._latest:
                    return
                yield event
            last = (page.get("meta") or {}).get("last_page", 1)

    def _events(self, number: int, per_page: int) -> dict[str, Any]:
        path = self._home.path("events")
        page: dict[str, Any] = self._client.call_api(path, params={"page": number, "per_page": per_page})
        return page


def _attributes(device: Item) -> Attributes:
    return {"id": device["id"], "hostname": device["hostname"], "state": device["state"]}


INFO = of_project("devices", "devices", "devices", _attributes)


def _action(wanted: str, state: str) -> str:
    """What to ask of a device at rest; one that is off is on again by switching it on."""
    if wanted == OFF:
        return "power_off"
    return "reboot" if wanted == REBOOTED and state == ON else "power_on"


def _newest(device: Item, events: list[Item]) -> Item | None:
    """The last thing that happened to its power; what somebody else has had done to it came before."""
    return next((event for event in events if _tells_of_power(event, device["id"])), None)


def _tells_of_power(event: Item, device_id: str) -> bool:
    related = map(id_of, event.get("relationships") or [])
    return str(event["type"]).startswith("power.") and device_id in related


def _refuse_failed(devices: Mapping[str, Mapping[str, Any]]) -> None:
    failed = [f"{name} ({device['id']})" for name, device in devices.items() if device["state"] == FAILED]
    if failed:
        raise ResourceError(
            f"device_power: {', '.join(failed)} could not be provisioned, so there is nothing to switch; "
            "remove it (module device, state: absent) and make it anew"
        )
