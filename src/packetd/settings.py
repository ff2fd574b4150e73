# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server is told at its start, and what lies where in its state directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec


@dataclass(frozen=True)
class State:
    """A state directory: everything one packetd owns."""

    directory: Path

    @property
    def database(self) -> Path:
        return self.directory / "packetd.sqlite"

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
    bridge: str
    gateway: str
    public: str
    elastic: str
    private: str


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
class Settings:
    """Times are in seconds."""

    state: State
    driver: str
    api: Listen
    proxy: Listen
    egress: bool = False
    record_delay: float = 0.0
    provisioning_limit: float = 20 * 60
    workers: int = 8
