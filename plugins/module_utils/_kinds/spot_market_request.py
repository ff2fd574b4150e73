# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A spot market request: a bid for devices as long as they cost no more than a price.

A request has no name and no tags of its own, but the API keeps what its devices shall be as it was sent, and
so their tags: by these it is known. It takes no change.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .._info import Info, of_project
from .._packet.client import Client
from .._packet.connection import OPTIONS, PROJECT_OPTION, Connection
from .._packet.paging import Item
from .._reconcile import Attributes, Normalise, Plan, ResourceError
from .device_attributes import fingerprint
from .election import make_once
from .links import id_of, part
from .moments import moment
from .names import body
from .references import Home, only

INCLUDED = "facilities,metro"
"""What an answer about a request shall tell in full."""

END_AT = "spot_market_request: end_at"

BID: dict[str, Any] = {
    "devices_min": {"type": "int"},
    "devices_max": {"type": "int"},
    "max_bid_price": {"type": "float"},
    "metro": {"type": "str"},
    "facilities": {"type": "list", "elements": "str"},
    "end_at": {"type": "str"},
}
"""What may be said of the bid itself."""

INSTANCE: dict[str, Any] = {
    "plan": {"type": "str"},
    "operating_system": {"type": "str"},
    "hostnames": {"type": "list", "elements": "str"},
    # Results tell the options of a module.
    "user_data": {"type": "str", "no_log": True},
    "custom_data": {"type": "dict"},
    "description": {"type": "str"},
    "billing_cycle": {"type": "str"},
    "locked": {"type": "bool"},
    "always_pxe": {"type": "bool"},
    "ipxe_script_url": {"type": "str"},
}
"""What may be said of each of its devices; their tags are those of the request."""


class SpotMarketRequest:
    """One request, known by the tags of its devices."""

    name: ClassVar[str] = "spot_market_request"
    immutable: ClassVar[frozenset[str]] = frozenset({*BID, *INSTANCE})
    normalise: ClassVar[Mapping[str, Normalise]] = {"facilities": lambda codes: sorted(set(codes))}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "project": PROJECT_OPTION,
        "tags": {"type": "list", "elements": "str", "required": True},
        **BID,
        **INSTANCE,
        "force_termination": {"type": "bool", "default": False},
        "replace": {"type": "bool", "default": False},
    }
    rules: ClassVar[Mapping[str, Any]] = {"mutually_exclusive": [("metro", "facilities")]}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for options that cannot be."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._params = params
        self._present = params["state"] == "present"
        self._force: bool = params["force_termination"]
        self.replace: bool = params["replace"]
        if not params["tags"]:
            raise ResourceError(
                "spot_market_request: tags is empty; a request is known by them, give at least one"
            )
        self._label = f"the one with tags {', '.join(sorted(set(params['tags'])))}"
        if "any" in (params.get("facilities") or ()):
            raise ResourceError(
                "spot_market_request: facilities has any; name the facilities, or give a metro instead"
            )
        least, most = params.get("devices_min"), params.get("devices_max")
        if least is not None and most is not None and least > most:
            raise ResourceError(f"spot_market_request: devices_min {least} is more than devices_max {most}")
        self._end_at = moment(END_AT, params["end_at"]) if params.get("end_at") else None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> SpotMarketRequest:
        """The request that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        return self._home.warnings

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        asked = {name: self._params.get(name) for name in (*BID, *INSTANCE)}
        # Tags that it has besides are no matter; ours are there, or it would not have been found.
        return asked | {"end_at": self._end_at, "user_data": fingerprint(self._params.get("user_data"))}

    def find(self) -> Attributes | None:
        """Looks through all requests of the project. Raises ResourceError where two could be the one."""
        found = only(f"spot_market_request: {self._label}", self._meant())
        if found is None and self._present:
            self._refuse_incomplete()
        return attributes(found) if found else None

    def check(self, step: Plan) -> None:
        """Refuses to replace it by one that cannot be made."""
        if step.replaced:
            self._refuse_incomplete()

    def create(self, wanted: Attributes) -> Attributes:
        """Bids; devices are made when there are any for the price, which is not waited for."""
        order = wanted | {"tags": self._params["tags"]}
        if "user_data" in order:
            order["user_data"] = self._params["user_data"]
        bid = {name: value for name, value in order.items() if name in BID}
        instance = body({name: value for name, value in order.items() if name not in BID})
        path = self._home.path("spot-market-requests")
        made = make_once(
            f"spot_market_request: {self._label}",
            lambda: self._client.call_api(path, "POST", {**bid, "instance_parameters": instance}),
            self._meant,
            self._take_back,
        )
        path = f"spot-market-requests/{made['id']}"
        return attributes(self._client.call_api(path, params={"include": INCLUDED}))

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Never called, as everything is immutable."""
        raise ResourceError(f"spot_market_request {found['id']}: the API changes no request")

    def delete(self, found: Attributes) -> None:
        """Withdraws it; its devices stay, unless they are to go too."""
        query = "?force_termination=true" if self._force else ""
        self._client.remove(f"spot-market-requests/{found['id']}{query}")

    def _meant(self) -> list[Item]:
        tags = set(self._params["tags"])
        requests = self._home.everything("spot-market-requests", "spot_market_requests", include=INCLUDED)
        return [request for request in requests if tags <= set(attributes(request)["tags"])]

    def _take_back(self, request: Item) -> None:
        """With what it may have got already."""
        self._client.remove(f"spot-market-requests/{request['id']}?force_termination=true")

    def _refuse_incomplete(self) -> None:
        """Here, so that check mode foretells it."""
        needed = ("plan", "operating_system", "max_bid_price")
        missing = [name for name in needed if self._params.get(name) is None]
        if not (self._params.get("metro") or self._params.get("facilities")):
            missing.append("metro (or facilities)")
        if missing:
            raise ResourceError(
                f"spot_market_request: {self._label} cannot be made without {', '.join(missing)}"
            )


def attributes(request: Item) -> Attributes:
    """A request of the API as a flat dictionary."""
    instance: Item = request.get("instance_parameters") or {}
    hostname = instance.get("hostname")
    return {
        "id": request["id"],
        "tags": list(instance.get("tags") or []),
        "devices_min": request["devices_min"],
        "devices_max": request["devices_max"],
        "max_bid_price": request["max_bid_price"],
        "metro": part(request.get("metro"), "code"),
        "facilities": [facility["code"] for facility in request.get("facilities") or []],
        "end_at": moment(END_AT, request["end_at"]) if request.get("end_at") else None,
        "plan": instance.get("plan"),
        "operating_system": instance.get("operating_system"),
        "hostnames": list(instance.get("hostnames") or ([hostname] if hostname else [])),
        "user_data": fingerprint(instance.get("userdata")),
        "custom_data": instance.get("customdata") or {},
        "description": instance.get("description"),
        "billing_cycle": instance.get("billing_cycle"),
        "locked": bool(instance.get("locked")),
        "always_pxe": bool(instance.get("always_pxe")),
        "ipxe_script_url": instance.get("ipxe_script_url"),
        "devices": [id_of(device) for device in request.get("devices") or []],
        "created_at": request.get("created_at"),
    }


INFO: Info = of_project(
    "spot_market_requests", "spot-market-requests", "spot_market_requests", attributes, include=INCLUDED
)
