# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the devices of a project may announce routes by BGP, and as whom.

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
from .references import Home

HIGHEST_ASN = 2**32 - 1


class BgpConfig:
    """The one configuration of a project. Once it is there, the API does not take it back."""

    name: ClassVar[str] = "bgp_config"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "project": PROJECT_OPTION,
        "deployment_type": {"type": "str", "choices": ["local", "global"]},
        "asn": {"type": "int"},
        "md5": {"type": "str", "no_log": True},
    }
    rules: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for a number that no system can have."""
        self._client = client
        self._home = Home(client, params.get("project"))
        self._deployment_type: str | None = params.get("deployment_type")
        self._asn: int | None = params.get("asn")
        self._md5: str | None = params.get("md5")
        if self._asn is not None and not 1 <= self._asn <= HIGHEST_ASN:
            raise ResourceError(f"bgp_config: asn {self._asn} is not valid; allowed are 1 to {HIGHEST_ASN}")

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> BgpConfig:
        """The configuration that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        return self._home.warnings

    def wanted(self) -> Attributes:
        """The attributes that the options ask for; of the password only whether it is to be another."""
        new = None if self._existing else "local"
        return {
            "deployment_type": self._deployment_type or new,
            "asn": self._asn,
            "md5": self._shown_md5,
        }

    def find(self) -> Attributes | None:
        """Asks the project for it."""
        return attributes(self._existing) if self._existing else None

    def create(self, wanted: Attributes) -> Attributes:
        """Enables BGP. Without a number the API takes that of private use, 65000."""
        return self._ask_for(wanted | ({"md5": self._md5} if self._md5 else {}))

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Asks for it anew: the API knows only that, and forgets what is left out."""
        wanted = found | changes
        md5 = self._existing.get("md5") if self._md5 is None else self._md5
        return self._ask_for(
            {"deployment_type": wanted["deployment_type"], "asn": wanted["asn"], "md5": md5 or ""}
        )

    def delete(self, found: Attributes) -> None:
        """Raises ResourceError: there is no such call."""
        raise ResourceError("bgp_config: the API does not take back what was enabled")

    @cached_property
    def _existing(self) -> Item:
        """As the API has it, empty where there is none."""
        return self._read() if self._home.id else {}

    @property
    def _shown_md5(self) -> str | None:
        """What stands for the password in comparisons, diffs and results: a digest could be guessed."""
        existing = self._existing.get("md5") or ""
        if self._md5 is None or self._md5 == existing:
            return None
        return "set to another" if self._md5 and existing else _shown(self._md5)

    def _ask_for(self, order: dict[str, Any]) -> Attributes:
        self._client.call_api(self._home.path("bgp-configs"), "POST", order)
        return attributes(self._read())

    def _read(self) -> Item:
        return _of(self._client, self._home)


def attributes(config: Item) -> Attributes:
    """A configuration of the API as a flat dictionary, without its password."""
    return {
        "id": config["id"],
        "deployment_type": config["deployment_type"],
        "asn": config["asn"],
        "md5": _shown(config.get("md5")),
        "status": config.get("status"),
        "max_prefix": config.get("max_prefix"),
    }


def _shown(md5: str | None) -> str:
    return "set" if md5 else ""


def _of(client: Client, home: Home) -> Item:
    """The configuration of a project; the API's answer is empty where there is none."""
    config: Item | None = client.call_api(home.path("bgp-config"))
    return config if config and config.get("id") else {}


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    config = _of(client, Home(client, params.get("project")))
    return [attributes(config)] if config else []


INFO = Info("bgp_configs", _search, {"project": PROJECT_OPTION})
