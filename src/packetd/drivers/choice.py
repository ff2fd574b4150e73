# SPDX-License-Identifier: GPL-3.0-or-later
"""Which drivers there are."""

from __future__ import annotations

from sqlalchemy import URL

from packetd.drivers import Driver
from packetd.drivers.record import RecordDriver, url_of
from packetd.privileges import NET_ADMIN, NET_BIND_SERVICE, NET_RAW
from packetd.settings import Settings

# Drivers whose machines every server over one database can reach; those of others are on one host.
SHAREABLE = frozenset({"record"})
# What of a root's capabilities a driver, and the commands it starts, need.
CAPABILITIES = {"record": (), "docker": (NET_ADMIN, NET_RAW, NET_BIND_SERVICE)}


def make_driver(settings: Settings, shared: URL | None = None) -> Driver:
    """The driver of this name; one that is not asked for is not even loaded.

    ``shared`` is the database when it is one that several servers may use.
    """
    if settings.driver == "docker":
        from packetd.drivers.docker import DockerDriver

        return DockerDriver(settings.state.directory, egress=settings.egress)
    return RecordDriver(
        url_of(settings.state.directory, shared),
        delay=settings.record_delay,
        power_delay=settings.record_power_delay,
    )
