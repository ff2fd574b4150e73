# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the Packet API is and how to speak to it: the options that every module of the collection shares.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.common.parameters import env_fallback

from .._reconcile import ResourceError

# In their order: the first that is set prevails. Those of METAL are what equinix.cloud and others read; what
# tools call EQUINIX_API_TOKEN is no token of this API.
URL_VARIABLES = ("PACKET_API_URL", "METAL_API_URL")
TOKEN_VARIABLES = ("PACKET_API_TOKEN", "PACKET_AUTH_TOKEN", "METAL_API_TOKEN", "METAL_AUTH_TOKEN")
TOKEN_FILE_VARIABLES = ("PACKET_API_TOKEN_FILE",)
PROJECT_VARIABLES = ("PACKET_PROJECT_ID", "METAL_PROJECT_ID")

PARALLEL = 8
"""Requests under way at once: enough to hide the latency, few enough to be no burden to a server."""

OPTIONS: dict[str, Any] = {
    "api_url": {"type": "str", "fallback": (env_fallback, list(URL_VARIABLES))},
    "api_token": {"type": "str", "no_log": True, "fallback": (env_fallback, list(TOKEN_VARIABLES))},
    # A path is no secret.
    "api_token_file": {
        "type": "path",
        "no_log": False,
        "fallback": (env_fallback, list(TOKEN_FILE_VARIABLES)),
    },
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
        url = params.get("api_url")
        if not url:
            raise ConnectionOptionError(unset("api_url", URL_VARIABLES, "the URL of a Packet API"))
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ConnectionOptionError(
                f"api_url is {url!r}, which is no URL of an API; wanted is http:// or https:// and a host"
            )
        token, origin = _token(params.get("api_token"), params.get("api_token_file"))
        return cls(
            url=url.rstrip("/"),
            token=token,
            token_origin=origin,
            timeout=params["api_timeout"],
            retries=params["api_retries"],
            verify=(params.get("ca_path") or True) if params["validate_certs"] else False,
        )


def unset(option: str, variables: Sequence[str], what: str) -> str:
    """What to say of an option that is needed."""
    names = f"{', '.join(variables[:-1])} or {variables[-1]}"
    return f"{option} is not set: give {what} in the option {option} or in the environment variable {names}"


def _token(token: str | None, file: str | None) -> tuple[str, str]:
    """The token and where it came from. What a task says prevails over the environment."""
    variable = next((name for name in TOKEN_VARIABLES if token and os.environ.get(name) == token), None)
    told = file and file != os.path.expanduser(os.environ.get(TOKEN_FILE_VARIABLES[0], ""))
    if told and token and not variable:
        raise ConnectionOptionError("api_token and api_token_file are both given; give one of them")
    if file and (told or not token):
        return _read(file), f"the file {file}"
    if not token:
        names = (*TOKEN_VARIABLES, *TOKEN_FILE_VARIABLES)
        raise ConnectionOptionError(unset("api_token", names, "a token of that API"))
    return token, f"the environment variable {variable}" if variable else "the option api_token"


def _read(file: str) -> str:
    try:
        token = Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConnectionOptionError(f"api_token_file {file} cannot be read: {reason}") from error
    if not token or not token.isascii() or not token.isprintable():
        raise ConnectionOptionError(f"api_token_file {file} holds no token; wanted is one line with a token")
    return token
