# SPDX-License-Identifier: GPL-3.0-or-later
"""What packetd asks of hardware, whatever that is: the one protocol every driver follows.

Calls are synchronous and come from several provisioner threads at once, never two at a time for the
same device. Each is idempotent and keyed by the device's id, since a call is repeated after a crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
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
    (no image for that operating system); ``after`` how long that takes, where it is known.
    """

    def __init__(self, message: str, *, retryable: bool = False, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.after = after


class Power(StrEnum):
    """What a machine is found to be."""

    ON = "on"
    OFF = "off"
    ABSENT = "absent"


@dataclass(frozen=True)
class VolumeOrder:
    """What block storage needs to know of a volume. One with a source is made as a clone of that volume,
    or of the snapshot of it where one is named."""

    id: str
    size_gib: int
    source_volume: str | None
    source_snapshot: str | None


@dataclass(frozen=True)
class Export:
    """A volume as it was made: its iSCSI name, the addresses that serve it, and its size."""

    iqn: str
    portals: tuple[str, ...]
    size_gib: int


class BlockStorage(Protocol):
    """Where volumes are. As with drivers, what was done already is fine; calls come one at a time."""

    def make(self, order: VolumeOrder) -> Export:
        """Return when the volume is there and of this size at least; it never shrinks."""
        ...

    def destroy(self, volume_id: str) -> None:
        """Leave nothing of a volume and its snapshots."""

    def take_snapshot(self, volume_id: str, snapshot_id: str) -> None:
        """Keep what is on a volume now."""

    def drop_snapshot(self, volume_id: str, snapshot_id: str) -> None:
        """Forget it again."""

    def restore(self, volume_id: str, snapshot_id: str) -> None:
        """Make what is on a volume what it was then."""


class Driver(Protocol):
    """Hardware that can be provisioned."""

    name: ClassVar[str]
    # Whether machines exist on paper only: then they can be given what no real one has.
    simulated: ClassVar[bool]

    def start(self) -> None:
        """Make and verify networks; raises DriverError that names the remedy."""

    def stop(self) -> None:
        """Release what is bound to this process only: devices keep running."""

    def destroy(self) -> None:
        """Remove everything of this state: machines, network, routes, filters."""

    def adopt(self, network: NetworkPlan) -> None:
        """Before start(): take the ranges that an earlier network had.

        Raises DriverError when this state has others already.
        """

    @property
    def network(self) -> NetworkPlan:
        """The ranges to choose addresses from; known after start()."""
        ...

    @property
    def block_storage(self) -> BlockStorage | None:
        """Where volumes can be made, None for nowhere."""

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

    def machines(self) -> frozenset[str]:
        """The ids of all machines there are, whoever knows of them. Needs no start()."""
        ...

    def route(self, network: str, device_id: str | None) -> None:
        """Send an elastic network ("198.51.100.130/32") to a device; None takes the route away."""
