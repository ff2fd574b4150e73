# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server is told at its start, and what lies where in its state directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

# Packet took at least 128 KiB, as its users reported; this is where it becomes a mistake.
DEFAULT_USERDATA_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class State:
    """A state directory: everything one packetd owns, save a database that others share.

    ``url`` is where that database was said to be, on the command line.
    """

    directory: Path
    url: str | None = None

    @property
    def database(self) -> Path:
        return self.directory / "packetd.sqlite"

    @property
    def database_url(self) -> Path:
        """The file that says where the database is when it is not the one above."""
        return self.directory / "database.url"

    @property
    def admin_token(self) -> Path:
        return self.directory / "admin.token"

    @property
    def ca_certificate(self) -> Path:
        return self.directory / "ca.crt"

    @property
    def ca_key(self) -> Path:
        return self.directory / "ca.key"

    @property
    def identity(self) -> Path:
        """The file with the id that tells this directory from others over the same database."""
        return self.directory / "server.id"

    @property
    def lock(self) -> Path:
        return self.directory / "packetd.lock"

    @property
    def serving(self) -> Path:
        """The file that says where the running server listens; see Serving."""
        return self.directory / "packetd.json"

    @classmethod
    def default(cls, environment: Mapping[str, str] = os.environ) -> Path:
        """Below the folder of the lab, so that one variable moves both."""
        return Path(environment.get("PACKET_STATE") or "./.state") / "packetd"


class ServedNetwork(msgspec.Struct, frozen=True):
    """The devices'; ``api`` is the URL by which they reach what others reach at that of Serving."""

    bridge: str
    gateway: str
    public: str
    elastic: str
    private: str
    # A server of 0.1.0 that still runs has none.
    api: str | None = None


class Serving(msgspec.Struct, frozen=True):
    """The content of packetd.json."""

    pid: int
    api: str
    proxy: str
    driver: str
    network: ServedNetwork | None


@dataclass(frozen=True)
class Listen:
    """A host and port to listen on; port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Listen:
        """From "HOST:PORT"; raises ValueError."""
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"{text!r} is not HOST:PORT, for example 127.0.0.1:8080")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Limits:
    """What clients may take: connections at the same time (of the API, and as many of the proxy), bytes of
    a body, and seconds to send a request or to take an answer."""

    connections: int = 1000
    request_bytes: int = 8 * 1024 * 1024
    request_seconds: float = 30.0


@dataclass(frozen=True)
class Settings:
    """Times are in seconds; ``rate_limit`` is in requests of a token in a minute, ``userdata_limit`` in
    bytes; ``user`` is who the process becomes once it listens."""

    state: State
    driver: str
    api: Listen
    proxy: Listen
    egress: bool = False
    record_delay: float = 0.0
    record_power_delay: float = 0.0
    provisioning_limit: float = 20 * 60
    workers: int = 8
    userdata_limit: int = DEFAULT_USERDATA_LIMIT
    rate_limit: int | None = None
    lease: float = 10.0
    limits: Limits = Limits()
    address_quota: int = 128
    device_quota: int | None = None
    user: str | None = None
