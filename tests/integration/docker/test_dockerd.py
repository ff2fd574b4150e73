# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon of the lab starts where there is none, is kept while it is used, and ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# In namespaces of its own there is neither systemd nor the daemon that other tests share.
_SCRIPT = """
set -e
ip link set lo up
echo 0 > /proc/sys/net/ipv4/ip_forward
mount -t tmpfs tmpfs /run
mount --bind "$1" /var/lib/docker
"$2" -m lab.dockerd
"$2" -m lab.dockerd
docker network create lab-test >/dev/null
"$2" -m lab.dockerd stop
docker network rm lab-test >/dev/null
cat /proc/sys/net/ipv4/ip_forward
nft list tables
"$2" -m lab.dockerd stop
docker version >/dev/null 2>&1 || echo gone
ls /run/packet-kubernetes
"""


def test_it_starts_once_and_ends_when_unused(tmp_path: Path) -> None:
    done = subprocess.run(
        ("unshare", "--mount", "--net", "sh", "-c", _SCRIPT, "sh", str(tmp_path), sys.executable),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "starting dockerd",
        "dockerd is not ours, or in use: left alone",
        "0",
        "dockerd ended",
        "gone",
        "dockerd.lock",
        "dockerd.log",
    ]
