# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's own network looks like, and the commands (ip, nft) that change it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from packetd.drivers import DriverError


def run(*command: str, stdin: str | None = None) -> str:
    """Run a command of the host and return what it prints; raises DriverError with what it complained of."""
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise DriverError(
            f"the {command[0]} command is not installed; remedy: apt-get install iproute2 nftables"
        ) from None
    if done.returncode != 0:
        raise DriverError(f"{' '.join(command)}: {' '.join(done.stderr.split())}")
    return done.stdout


def routed(*, besides: str) -> Iterator[IPv4Network]:
    """Networks the host has addresses in or routes to, its loopback too; not those on interface ``besides``.

    The default route is left out: it covers everything.
    """
    for route in json.loads(run("ip", "-4", "-json", "route", "show", "table", "all") or "[]"):
        if route["dst"] != "default" and route.get("dev") != besides:
            yield IPv4Network(route["dst"], strict=False)


def resolvers(file: Path = Path("/etc/resolv.conf")) -> list[IPv4Address]:
    """The IPv4 name servers the host asks, those on its loopback left out."""
    words = (line.split() for line in file.read_text().splitlines())
    addresses = (IPv4Address(w[1]) for w in words if len(w) > 1 and w[0] == "nameserver" and "." in w[1])
    return [address for address in addresses if not address.is_loopback]


def set_sysctl(path: str, value: int) -> None:
    """Write a setting under /proc/sys/net; one that this kernel lacks needs no setting."""
    file = Path("/proc/sys/net") / path
    if file.exists():
        file.write_text(f"{value}\n")
