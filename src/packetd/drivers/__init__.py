# SPDX-License-Identifier: GPL-3.0-or-later
"""What packetd asks of hardware, whatever that is: the one protocol every driver follows.

Calls are synchronous and come from several provisioner threads at once, never two at a time for the
same device. Each is idempotent and keyed by the device's id, since a call is repeated after a crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from packetd.model.addresses import NetworkPlan


@dataclass(frozen=True)
class Address:
    """One address of a device; ``cidr`` is the prefix length of ``network``."""

    address: str
    network: str
    gateway: str
    cidr: int
    family: int
    public: bool


@dataclass(frozen=True)
class Machine:
    """What a driver needs to know of a device. ``None`` as a limit means no limit."""

    id: str
    hostname: str
    plan: str
    operating_system: str
    metro: str
    addresses: tuple[Address, ...]
    ssh_keys: tuple[str, ...]
    memory_mib: int | None
    cpus: float | None


class DriverError(Exception):
    """The hardware refused. The message reaches the user as the reason of the failure.

    ``retryable`` says whether the same call may succeed later (a busy daemon) or never will
    (no image for that operating system).
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class Power(StrEnum):
    """What a machine is found to be."""

    ON = "on"
    OFF = "off"
    ABSENT = "absent"


class Driver(Protocol):
    """Hardware that can be provisioned."""

    name: ClassVar[str]

    def start(self) -> None:
        """Make and verify networks; raises DriverError that names the remedy."""

    def stop(self) -> None:
        """Release what is bound to this process only: devices keep running."""

    def destroy(self) -> None:
        """Remove everything of this state: machines, network, routes, filters."""

    @property
    def network(self) -> NetworkPlan:
        """The ranges to choose addresses from; known after start()."""
        ...

    def operating_systems(self) -> frozenset[str] | None:
        """Slugs of the systems that can be installed now; None means all of the catalogue."""

    def create(self, machine: Machine) -> None:
        """Return when the machine runs; adopt the one that exists under this id."""

    def destroy_machine(self, device_id: str) -> None:
        """Leave nothing of the machine; a machine that does not exist is fine."""

    def power(self, device_id: str, on: bool) -> None:
        """Switch on or off; done already is fine."""

    def reboot(self, device_id: str) -> None:
        """Restart a machine, keeping its disk."""

    def reinstall(self, machine: Machine) -> None:
        """Return when the machine runs again from a fresh disk."""

    def state(self, device_id: str) -> Power:
        """Look at the machine itself, not at what was asked of it."""
        ...

    def route(self, network: str, device_id: str | None) -> None:
        """Send an elastic network ("198.51.100.130/32") to a device; None takes the route away."""
