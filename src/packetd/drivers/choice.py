# SPDX-License-Identifier: GPL-3.0-or-later
"""Which drivers there are."""

from __future__ import annotations

from packetd.drivers import Driver
from packetd.drivers.record import RecordDriver
from packetd.settings import Settings


def make_driver(settings: Settings) -> Driver:
    """The driver of this name; one that is not asked for is not even loaded."""
    if settings.driver == "docker":
        from packetd.drivers.docker import DockerDriver

        return DockerDriver(settings.state.directory, egress=settings.egress)
    return RecordDriver(settings.state.directory, delay=settings.record_delay)
