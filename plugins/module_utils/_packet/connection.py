# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the Packet API is and how to speak to it: the options that every module of the collection shares.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.common.parameters import env_fallback

from .._reconcile import ResourceError

URL_VARIABLES = ("PACKET_API_URL",)
TOKEN_VARIABLES = ("PACKET_API_TOKEN", "PACKET_AUTH_TOKEN", "METAL_AUTH_TOKEN")
PROJECT_VARIABLES = ("PACKET_PROJECT_ID",)

OPTIONS: dict[str, Any] = {
    "api_url": {"type": "str", "fallback": (env_fallback, list(URL_VARIABLES))},
    "api_token": {"type": "str", "no_log": True, "fallback": (env_fallback, list(TOKEN_VARIABLES))},
    "api_timeout": {"type": "float", "default": 30.0},
    "api_retries": {"type": "int", "default": 5},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}
"""The argument spec; documented in doc_fragments/_connection.py."""

PROJECT_OPTION: dict[str, Any] = {"type": "str", "fallback": (env_fallback, list(PROJECT_VARIABLES))}
"""A project by name or id, for the kinds that live in one."""


class ConnectionOptionError(ResourceError):
    """An option of the connection that is missing or wrong."""


@dataclass(frozen=True)
class Connection:
    """How to reach the API. Its parts that are secret stay out of the representation."""

    url: str
    token: str
    token_origin: str
    timeout: float
    """Seconds to wait for an answer."""
    retries: int
    verify: bool | str
    """Whether to check certificates, or the path of the authorities to check them against."""

    def __repr__(self) -> str:
        return f"Connection({self.url!r}, token from {self.token_origin})"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Connection:
        """Reads the options of OPTIONS, raises ConnectionOptionError where one is missing or cannot be."""
        url, token = params.get("api_url"), params.get("api_token")
        if not url:
            raise ConnectionOptionError(_unset("api_url", URL_VARIABLES, "the URL of a Packet API"))
        if not token:
            raise ConnectionOptionError(_unset("api_token", TOKEN_VARIABLES, "a token of that API"))
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ConnectionOptionError(
                f"api_url is {url!r}, which is no URL of an API; wanted is http:// or https:// and a host"
            )
        return cls(
            url=url.rstrip("/"),
            token=token,
            token_origin=_origin(token),
            timeout=params["api_timeout"],
            retries=params["api_retries"],
            verify=(params.get("ca_path") or True) if params["validate_certs"] else False,
        )


def _unset(option: str, variables: tuple[str, ...], what: str) -> str:
    names = variables[0] if len(variables) == 1 else f"{', '.join(variables[:-1])} or {variables[-1]}"
    return f"{option} is not set: give {what} in the option {option} or in the environment variable {names}"


def _origin(token: str) -> str:
    """Which variable the token came from, as far as that can still be told."""
    variable = next((name for name in TOKEN_VARIABLES if os.environ.get(name) == token), None)
    return f"the environment variable {variable}" if variable else "the option api_token"
