# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices as system containers on this host: systemd, sshd and cloud-init on a network of their own."""

from packetd.drivers.docker.driver import DockerDriver

__all__ = ["DockerDriver"]
