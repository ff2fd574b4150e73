# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of a project: many in one step, made at once and waited for together.

A device is known by its hostname, its project and the identity tags. The API itself allows two devices of one
hostname, so what exists is looked up before making a device and again after.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from .._packet.client import Client, all_of, each
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.errors import ApiError, ForbiddenError, InvalidError, NotFoundError
from .._packet.paging import Item
from .._packet.wait import OPTIONS as WAIT_OPTIONS
from .._packet.wait import Progress, Waiting, silent
from .._reconcile import Attributes, Normalise, Plan, ResourceError
from .device_attributes import LEAVING, attributes, fingerprint
from .device_batches import Orders
from .device_choices import CHOICES, NEXT_AVAILABLE, Choices, check_choices
from .device_order import Catalogue, check_hostname
from .election import age, elect
from .filters import query
from .moments import moment
from .names import body
from .references import WHILE_MADE, Home, is_id

READY = frozenset({"active", "inactive"})
"""States in which nothing more is to be waited for; `inactive` is a device that someone has powered off."""

EXPLAINED = 5
"""Of how many devices the events are read to say why they are late: one request each."""

ATTRIBUTES: dict[str, Any] = {
    "plan": {"type": "str"},
    "operating_system": {"type": "str"},
    "metro": {"type": "str"},
    "facility": {"type": "str"},
    "tags": {"type": "list", "elements": "str"},
    "user_data": {"type": "str"},
    "custom_data": {"type": "dict"},
    "description": {"type": "str"},
    "billing_cycle": {"type": "str"},
    "locked": {"type": "bool"},
    "always_pxe": {"type": "bool"},
    "ipxe_script_url": {"type": "str"},
    "network_frozen": {"type": "bool"},
    "termination_time": {"type": "str"},
    "hardware_reservation_id": {"type": "str"},
    "spot_instance": {"type": "bool"},
    "spot_price_max": {"type": "float"},
    "features": {"type": "dict"},
    **CHOICES,
}
"""What may be said of a device: for all at the top, or for one, which then prevails (but tags add up)."""


class Devices:
    """The devices of a project that are listed, or with `purge` all that carry the identity tags."""

    name: ClassVar[str] = "device"
    immutable: ClassVar[frozenset[str]] = frozenset(
        {
            "plan",
            "operating_system",
            "metro",
            "facility",
            "hardware_reservation_id",
            "spot_instance",
            "spot_price_max",
            "features",
        }
    )
    normalise: ClassVar[Mapping[str, Normalise]] = {
        "tags": lambda tags: sorted(set(tags)),
        # An empty one asks for none.
        "termination_time": lambda text: moment("device: termination_time", text) if text else None,
    }
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        **WAIT_OPTIONS,
        **ATTRIBUTES,
        "project": PROJECT_OPTION,
        "devices": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"hostname": {"type": "str"}, "id": {"type": "str"}, **ATTRIBUTES},
            "required_one_of": [("hostname", "id")],
        },
        "identity_tags": {"type": "list", "elements": "str", "default": []},
        "purge": {"type": "bool", "default": False},
        "replace": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    rules: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, client: Client, params: Mapping[str, Any], waiting: Waiting | None = None) -> None:
        """Raises ResourceError for options that cannot be."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._identity = frozenset(params["identity_tags"])
        self._purge: bool = params["purge"]
        self.replace: bool = params["replace"]
        self._present = params["state"] == "present"
        self._waiting = waiting or Waiting()
        self._choices = Choices(client, self._home)
        self._orders = {_key(device): _merged(params, device) for device in params["devices"]}
        if self._purge and not self._identity:
            raise ResourceError("device: purge needs identity_tags: they say which devices may be removed")
        if len(self._orders) < len(params["devices"]):
            keys = [_key(device) for device in params["devices"]]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise ResourceError(f"device: {', '.join(twice)} is listed more than once in devices")
        for key, order in self._orders.items():
            _check_order(key, order)

    @classmethod
    def from_params(cls, params: Mapping[str, Any], progress: Progress = silent) -> Devices:
        """The devices that the options speak of."""
        return cls(Client(Connection.from_params(params)), params, Waiting.from_params(params, progress))

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        return self._home.warnings

    def wanted(self) -> dict[str, Attributes]:
        """The attributes that the options ask for, by hostname or id; none for `state: absent`."""
        return {key: _asked(order, self._identity) for key, order in self._listed().items()}

    def find(self) -> dict[str, Attributes]:
        """By hostname, or by id those that are listed so. Raises ResourceError where two devices could be
        the one that is wanted."""
        found: dict[str, Attributes] = {}
        for key, devices in self._ours().items():
            if len(devices) > 1 and key in self._listed():
                raise ResourceError(_doubled(key, devices))
            for device in devices:
                found[f"{key} ({device['id']})" if key in found else key] = attributes(device)
        return found

    def check(self, steps: Mapping[str, Plan]) -> None:
        """Refuses orders that the API would refuse, and devices that will never become ready."""
        self._refuse_locked(steps)
        self._refuse_failed(
            step.before for step in steps.values() if step.before and step.after and not step.replaced
        )
        orders = {key: step.changes for key, step in steps.items() if step.makes}
        self._refuse_nameless(orders, steps)
        if orders:
            Catalogue(self._client).check(orders)
            self._choices.check({key: self._orders[key] for key in orders})

    def create(self, wanted: Mapping[str, Attributes]) -> dict[str, Attributes]:
        """Orders all at the same time, then looks which of them are there."""
        orders = Orders(self._client, self._home.path("devices"))
        self._waiting.progress(f"ordering {len(wanted)} devices")
        orders.send(
            {
                hostname: self._body(hostname, wanted[hostname])
                | self._choices.body(hostname, self._orders[hostname])
                for hostname in wanted
            }
        )
        self._wait_for(orders, len(wanted))
        there = elect(
            lambda: {name: devices for name, devices in self._ours().items() if name in wanted},
            orders.made,
            self._take_back,
        )
        # An order whose answer was lost on the way may have been carried out all the same.
        refused = {name: orders.problem(name) for name in wanted if name not in there}
        if refused:
            raise ResourceError(_refusal(refused, len(orders.made)))
        return {name: attributes(there[name]) for name in wanted}

    def update(
        self, found: Mapping[str, Attributes], changes: Mapping[str, Attributes]
    ) -> dict[str, Attributes]:
        """One PATCH for each device."""

        def patch(key: str) -> Attributes:
            changed = self._body(key, changes[key])
            return attributes(self._client.call_api(f"devices/{found[key]['id']}", "PATCH", changed))

        updated: dict[str, Attributes] = {}
        for key, outcome in zip(changes, each(patch, changes), strict=True):
            if isinstance(outcome, ResourceError):
                raise ResourceError(f"device {key}: {outcome}") from outcome
            updated[key] = outcome
        return updated

    def delete(self, found: Mapping[str, Attributes]) -> None:
        """Removes all at the same time and waits until they are gone."""
        ids = {device["id"] for device in found.values()}

        def look() -> list[Item]:
            left = [device for device in self._all() if device["id"] in ids]
            self._ask_to_leave([device for device in left if device["state"] not in LEAVING])
            return left

        if not self._waiting.wanted:
            look()
            return
        self._waiting.until(
            look,
            done=lambda left: not left,
            tell=lambda left: f"{len(ids) - len(left)} of {len(ids)} devices removed",
            late=lambda left: (
                f"device: still not removed after {self._waiting.limit:g} s (wait_timeout): "
                f"{_listing(left)}; run again to go on waiting"
            ),
        )

    def settle(self, present: Mapping[str, Attributes]) -> dict[str, Attributes]:
        """Waits until all are active, by looking at the whole project at once."""
        ids = {device["id"]: key for key, device in present.items()}
        if not self._waiting.wanted or all(device["state"] in READY for device in present.values()):
            return dict(present)

        def done(devices: dict[str, Attributes]) -> bool:
            if vanished := [f"{key} ({id_})" for id_, key in ids.items() if id_ not in devices]:
                raise ResourceError(
                    f"device: {', '.join(vanished)} went away while being provisioned, as devices do that "
                    "could not be provisioned or that someone removes; run again to make it anew"
                )
            self._refuse_failed(devices.values())
            return all(device["state"] in READY for device in devices.values())

        devices = self._waiting.until(
            lambda: {device["id"]: attributes(device) for device in self._all() if device["id"] in ids},
            done=done,
            tell=lambda devices: _tally(devices.values()),
            late=lambda devices: self._late(
                [device for device in devices.values() if device["state"] not in READY]
            ),
            seen={device["id"]: device for device in present.values()},
        )
        return {key: devices[id_] for id_, key in ids.items()}

    def _listed(self) -> dict[str, Attributes]:
        """The orders for devices that shall be there."""
        return self._orders if self._present else {}

    def _all(self) -> list[Item]:
        return self._home.everything("devices", "devices")

    def _ours(self) -> dict[str, list[Item]]:
        """What is in our charge, by hostname or the id in its stead, the oldest first."""
        ours: dict[str, list[Item]] = {}
        devices = self._home.everything("devices", "devices", **self._asked_for())
        for device in sorted(devices, key=age):
            by_id = device["id"] in self._orders
            charged = by_id or (
                (self._purge or device["hostname"] in self._orders)
                and self._identity <= set(device.get("tags") or ())
            )
            if charged and device["state"] not in LEAVING:
                ours.setdefault(device["id" if by_id else "hostname"], []).append(device)
        return ours

    def _asked_for(self) -> dict[str, str]:
        """What to send to be spared strangers, which are told apart here all the same.

        One tag will do: what several mean is not the same everywhere. An id knows no tags.
        """
        by_id = any(order["id"] for order in self._orders.values())
        return query(tag=min(self._identity)) if self._identity and not by_id else {}

    def _wait_for(self, orders: Orders, number: int) -> None:
        """Until the API has made what it accepted."""
        self._waiting.until(
            orders.ask,
            done=lambda _asked: not orders.pending,
            tell=lambda _asked: f"{len(orders.made)} of {number} devices made",
            late=lambda _asked: (
                f"device: {orders.pending} devices that were ordered are not made after "
                f"{self._waiting.limit:g} s (wait_timeout); the next run takes them up"
            ),
        )

    def _take_back(self, devices: list[Item]) -> None:
        """Removes what another run has made as well."""
        for device in devices:
            if device.get("locked"):
                self._client.call_api(f"devices/{device['id']}", "PATCH", {"locked": False})
        self.delete({device["id"]: device for device in devices})

    def _body(self, key: str, wanted: Attributes) -> dict[str, Any]:
        """What to send: the API's names for the attributes, and the user data itself for its fingerprint."""
        if "user_data" in wanted:
            wanted = {**wanted, "user_data": self._orders[key]["user_data"]}
        return body(wanted)

    def _ask_to_leave(self, devices: list[Item]) -> None:
        def ask(device: Item) -> None:
            try:
                self._client.call_api(f"devices/{device['id']}?force_delete=true", "DELETE")
            except (NotFoundError, ForbiddenError):
                return
            except InvalidError as error:
                # The API refuses this for a while; asked again at the next look.
                if not (self._waiting.wanted and "while it is provisioning" in str(error)):
                    raise ResourceError(f"device {device['hostname']} ({device['id']}): {error}") from error

        all_of(ask, devices)

    def _refuse_locked(self, steps: Mapping[str, Plan]) -> None:
        replaced = {key: step.before for key, step in steps.items() if step.before and step.replaced}
        if locked := [key for key, device in replaced.items() if device["locked"]]:
            raise ResourceError(
                f"device: {', '.join(locked)} cannot be replaced while locked; unlock it first "
                "(locked: false)"
            )

    def _refuse_nameless(self, orders: Iterable[str], steps: Mapping[str, Plan]) -> None:
        """A device that is given by its id has no hostname to be made with."""
        by_id = [key for key in orders if self._orders[key]["id"]]
        if unknown := [key for key in by_id if steps[key].before is None]:
            raise ResourceError(
                f"device: the project has no device {', '.join(unknown)}; give a hostname to make one"
            )
        if by_id:
            raise ResourceError(
                f"device: {', '.join(by_id)} cannot be replaced by its id, which a new device does not keep; "
                "give its hostname"
            )

    def _refuse_failed(self, devices: Iterable[Attributes]) -> None:
        failed = [device for device in devices if device["state"] == "failed"]
        if failed:
            raise ResourceError(
                f"device: could not be provisioned: {self._explained(failed)}; it is left for inspection; "
                "remove it (state: absent) and run again to make it anew"
            )

    def _late(self, devices: list[Item]) -> str:
        return (
            f"device: not active after {self._waiting.limit:g} s (wait_timeout): {self._explained(devices)}; "
            "left for inspection, the next run takes up where this one ends"
        )

    def _explained(self, devices: list[Any]) -> str:
        """Devices with their states and what was last heard of them."""
        explained = [
            f"{device['hostname']} ({device['id']}) is {device['state']}: {self._last_event(device['id'])}"
            for device in devices[:EXPLAINED]
        ]
        return "; ".join(explained + ([_listing(devices[EXPLAINED:])] if len(devices) > EXPLAINED else []))

    def _last_event(self, device_id: str) -> str:
        try:
            events = self._client.call_api(f"devices/{device_id}/events", params={"per_page": 100})["events"]
        except ApiError as error:
            return f"its events cannot be read ({error})"
        reached = [event for event in events if event.get("created_at")]
        if not reached:
            return "nothing has happened yet"
        return f"the last event is {max(reached, key=lambda event: event['created_at'])['body']!r}"


def _merged(common: Mapping[str, Any], own: Mapping[str, Any]) -> Attributes:
    """What is said of one device and, where it says nothing, of all."""
    order = {name: common.get(name) if own.get(name) is None else own[name] for name in ATTRIBUTES}
    if common.get("tags") is not None or own.get("tags") is not None:
        order["tags"] = [*(common.get("tags") or ()), *(own.get("tags") or ())]
    if own.get("metro") or own.get("facility"):
        order |= {"metro": own.get("metro"), "facility": own.get("facility")}
    return {"hostname": own["hostname"], "id": own["id"], **order}


def _key(device: Mapping[str, Any]) -> str:
    """By what a device is known: its id, where that is given, else its hostname."""
    return str(device["id"] or device["hostname"])


def _check_order(key: str, order: Attributes) -> None:
    """Raises ResourceError for what cannot be, whatever the API offers."""
    if order["id"] is not None and not is_id(order["id"]):
        raise ResourceError(f"device {key!r}: id is not valid; it has the form of a UUID")
    if order["hostname"] is not None:
        check_hostname(order["hostname"])
    if order["termination_time"]:
        moment(f"device {key}: termination_time", order["termination_time"])
    check_choices(key, order)


def _asked(order: Attributes, identity: frozenset[str]) -> Attributes:
    """What a device shall be, without what is looked at only when it is ordered."""
    tags = order["tags"] if order["tags"] is not None or not identity else []
    machine = order["hardware_reservation_id"]
    compared = {name: value for name, value in order.items() if name != "id" and name not in CHOICES}
    return compared | {
        "tags": None if tags is None else sorted({*tags, *identity}),
        "user_data": fingerprint(order["user_data"]),
        "hardware_reservation_id": None if machine == NEXT_AVAILABLE else machine,
    }


def _doubled(hostname: str, devices: list[Item]) -> str:
    ids = " and ".join(device["id"] for device in devices)
    return (
        f"device {hostname}: there are {len(devices)} of that hostname with the same identity: {ids}; "
        f"remove what is too much, tell them apart with identity_tags, or {WHILE_MADE}"
    )


def _refusal(refused: Mapping[str, str], made: int) -> str:
    """One line for all orders that failed; those with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for hostname, reason in refused.items():
        reasons.setdefault(reason, []).append(hostname)
    parts = [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]
    kept = f"; the other {made} were made and the next run takes them up" if made else ""
    return f"device: could not make {'; '.join(parts)}{kept}"


def _listing(devices: Iterable[Item]) -> str:
    return ", ".join(f"{device['hostname']} ({device['id']}) is {device['state']}" for device in devices)


def _tally(devices: Iterable[Item]) -> str:
    """`2 of 3 devices ready, 1 provisioning`."""
    states = [device["state"] for device in devices]
    ready = sum(state in READY for state in states)
    rest = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states) - READY))
    return f"{ready} of {len(states)} devices ready" + (f", {rest}" if rest else "")
