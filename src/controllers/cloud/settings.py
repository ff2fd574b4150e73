# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cloud controller manager is told, in the forms that its predecessors understood.

packet-ccm 0.0.4 took a Secret with the keys apiKey and projectID, all later ones a file cloud-sa.json; the
environment is named PACKET_ until 2.x and METAL_ since 3.0, and wins over the file. Their ``base-url`` was
never read; here it is the URL of the API.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.packet.kubernetes.plugins.module_utils._packet.connection import Connection

FILE = "cloud-sa.json"
_SECONDS = 30.0
# More are the business of the controllers, which look at the world anew each time.
_RETRIES = 2

# Our names of the settings -> names in the file, as they are compared: lower case.
_KEYS = {
    "token": ("apikey",),
    "project": ("projectid",),
    "url": ("base-url", "baseurl"),
    "metro": ("metro",),
    "facility": ("facility",),
    "endpoint_tag": ("eiptag",),
    "api_server_port": ("apiserverport",),
    "load_balancer": ("loadbalancer",),
    "authority": ("cacert",),
}
_VARIABLES = {
    "token": ("METAL_API_KEY", "PACKET_API_KEY", "PACKET_AUTH_TOKEN"),
    "project": ("METAL_PROJECT_ID", "PACKET_PROJECT_ID"),
    "url": ("METAL_API_URL", "PACKET_API_URL"),
    "metro": ("METAL_METRO_NAME",),
    "facility": ("METAL_FACILITY_NAME", "PACKET_FACILITY_NAME"),
    "endpoint_tag": ("METAL_EIP_TAG", "PACKET_EIP_TAG"),
    "api_server_port": ("METAL_API_SERVER_PORT", "PACKET_API_SERVER_PORT"),
    "load_balancer": ("METAL_LOAD_BALANCER",),
}
_OFF = ("disabled", "false", "none")
_PROJECT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class SettingsError(Exception):
    """A setting that is missing or wrong."""


@dataclass(frozen=True)
class Settings:
    """What was read. The token stays out of the representation."""

    connection: Connection
    project: str
    metro: str | None = None
    facility: str | None = None
    endpoint_tag: str | None = None
    """By which the reservation of the control planes' address is known; None: nobody moves that address."""
    api_server_port: int = 6443
    load_balancer: bool = True
    """Whether Services get addresses."""


def read(path: Path | None, environment: Mapping[str, str], folder: Path) -> Settings:
    """The settings of this file or mounted Secret, and of the environment. Raises SettingsError.

    ``folder`` is where the API's authority is kept for the libraries that want a file.
    """
    told = _of_file(path) if path else {}
    for name, variables in _VARIABLES.items():
        if given := [environment[variable] for variable in variables if environment.get(variable)]:
            told[name] = given[0]
    return Settings(
        connection=_connection(told, folder),
        project=_project(told),
        metro=told.get("metro") or None,
        facility=told.get("facility") or None,
        endpoint_tag=told.get("endpoint_tag") or None,
        api_server_port=_port(told),
        load_balancer=told.get("load_balancer", "").lower() not in _OFF,
    )


def _of_file(path: Path) -> dict[str, str]:
    """A file, or a Secret mounted as a folder with the file or with a key each."""
    try:
        if not path.is_dir():
            return _decode(path)
        if (path / FILE).exists():
            return _decode(path / FILE)
        found = {key: path / key for key in ("apiKey", "projectID") if (path / key).exists()}
        if not found:
            raise SettingsError(f"{path}: has neither {FILE} nor the keys apiKey and projectID")
        return _renamed({key: file.read_text().strip() for key, file in found.items()})
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _decode(file: Path) -> dict[str, str]:
    try:
        content = json.loads(file.read_text())
    except ValueError as error:
        # Not the text, of which the token is a part.
        raise SettingsError(f"{file}: is not JSON") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{file}: is not an object of JSON")
    return _renamed(content)


def _renamed(content: Mapping[str, Any]) -> dict[str, str]:
    given = {key.lower(): str(value) for key, value in content.items() if value not in (None, "")}
    return {name: given[key] for name, keys in _KEYS.items() for key in reversed(keys) if key in given}


def _connection(told: Mapping[str, str], folder: Path) -> Connection:
    url = told.get("url", "")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise SettingsError(
            f"base-url (METAL_API_URL, PACKET_API_URL) is {url!r}; wanted is the URL of the API"
        )
    return Connection(
        url=url.rstrip("/"),
        token=_needed(told, "token", "apiKey"),
        token_origin="the Secret or the environment",  # noqa: S106 no token itself
        timeout=_SECONDS,
        retries=_RETRIES,
        verify=_authority(told, folder),
    )


def _authority(told: Mapping[str, str], folder: Path) -> bool | str:
    if not told.get("authority"):
        return True
    file = folder / "api-ca.crt"
    file.write_text(told["authority"])
    return str(file)


def _project(told: Mapping[str, str]) -> str:
    project = _needed(told, "project", "projectID")
    if not _PROJECT.fullmatch(project):
        raise SettingsError(f"projectID is {project!r}; wanted is the id of a project, not its name")
    return project


def _port(told: Mapping[str, str]) -> int:
    port = told.get("api_server_port", "0")
    if not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"apiServerPort is {port!r}; allowed are 1 to 65535")
    # 0 was the predecessors' way to say that it is not set.
    return int(port) or 6443


def _needed(told: Mapping[str, str], name: str, key: str) -> str:
    if not told.get(name):
        raise SettingsError(f"{key} is not set: give it in {FILE} or in {' or '.join(_VARIABLES[name])}")
    return told[name]
