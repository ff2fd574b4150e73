# SPDX-License-Identifier: GPL-3.0-or-later
"""What Docker is told of a device: everything between ``docker create`` and the image."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from packetd.drivers import DriverError, Machine
from packetd.drivers.docker import client
from packetd.drivers.docker.names import Names
from packetd.model.addresses import NetworkPlan

# In the order of their numbers in the kernel's capability.h, which never changes.
_CAPABILITIES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE "
    "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT "
    "SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE "
    "AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ "
    "PERFMON BPF CHECKPOINT_RESTORE"
)
# Written by containerd, kubelet and etcd: overlayfs cannot be stacked, and a volume is faster.
_VOLUMES = ("/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd")
_SYSTEM = (
    *("--cgroupns", "private", "--device-cgroup-rule", "a *:* rwm", "--stop-signal", "SIGRTMIN+3"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    *("--security-opt", "systempaths=unconfined"),
    *("--tmpfs", "/run", "--tmpfs", "/tmp:exec"),  # noqa: S108 - inside the device
    # A reboot from within ends the container; Docker's own restart brings all devices back that were on.
    *("--restart", "unless-stopped"),
    *("--log-driver", "local", "--log-opt", "max-size=1m"),
    *(word for path in _VOLUMES for word in ("--volume", path)),
)


def options(machine: Machine, names: Names, plan: NetworkPlan, resolv_conf: str) -> Iterator[str]:
    """The arguments that make the device; raises DriverError for one that has no public IPv4 address."""
    yield from ("--name", names.container(machine.id), "--hostname", machine.hostname)
    for label in (names.label, f"packetd.device={machine.id}", f"packetd.hostname={machine.hostname}"):
        yield from ("--label", label)
    yield from _network(machine, names, plan)
    for name, value in _environment(machine, plan, resolv_conf).items():
        yield from ("--env", f"{name}={value}")
    yield from _SYSTEM
    yield from _host()
    yield from _limits(machine)


def unplug(found: str) -> None:
    """Take a container's interface away, before it is removed.

    Docker takes away what was eth0, and the device has renamed that. The kernel keeps the interface for as
    long as a connection of the processes that were killed waits for an answer, up to minutes; until then it
    would answer at the device's addresses, which others may have by then. A device that shuts down by
    itself does the same (device/unplug.sh).
    """
    with contextlib.suppress(DriverError):  # Off, or not yet so far that Docker would not find it.
        client.run("exec", found, "ip", "link", "delete", "bond0")


def _network(machine: Machine, names: Names, plan: NetworkPlan) -> Iterator[str]:
    # --dns: Docker's own resolver, which would ask on the host's behalf, must have nobody to ask.
    yield from ("--network", names.network, "--ip", _public(machine), "--dns", str(plan.gateway))


def _public(machine: Machine) -> str:
    for address in machine.addresses:
        if address.public and address.family == 4:
            return address.address
    raise DriverError(f"device {machine.hostname}: the docker driver needs a public IPv4 address for it")


def _environment(machine: Machine, plan: NetworkPlan, resolv_conf: str) -> dict[str, str]:
    """What the device's boot script reads; Docker itself sets the public address."""
    extra = [a for a in machine.addresses if a.family == 4 and a.address != _public(machine)]
    return {
        "DEVICE_ID": machine.id,
        "DEVICE_HOSTNAME": machine.hostname,
        "DEVICE_GATEWAY": str(plan.gateway),
        "DEVICE_EXTRA_ADDRESSES": " ".join(f"{a.address}/{a.cidr}" for a in extra),
        "DEVICE_PRIVATE_NETWORK": str(plan.private),
        "DEVICE_PRIVATE_ADDRESS": next((a.address for a in extra if not a.public), ""),
        "DEVICE_RESOLV_CONF": resolv_conf,
        "DEVICE_SSH_KEYS": "\n".join(machine.ssh_keys),
    }


def _host() -> Iterator[str]:
    """What the host has of kernel modules, kernel log and capabilities."""
    if Path("/lib/modules").is_dir():
        yield from ("--volume", "/lib/modules:/lib/modules:ro")
    if Path("/dev/kmsg").exists():
        yield from ("--device", "/dev/kmsg")
    yield from ("--cap-add", "ALL")
    # --privileged or ALL alone fail where the host lacks one. The clock is the host's in any case.
    status = dict(line.split(":\t", 1) for line in Path("/proc/1/status").read_text().splitlines())
    bounding = int(status["CapBnd"], 16)
    for number, capability in enumerate(_CAPABILITIES.split()):
        if capability == "SYS_TIME" or not bounding >> number & 1:
            yield from ("--cap-drop", capability)


def _limits(machine: Machine) -> Iterator[str]:
    """Limits of the plan; Docker refuses more processors than the host has."""
    if machine.memory_mib is not None:
        yield from ("--memory", f"{machine.memory_mib}m")
    if machine.cpus is not None:
        yield from ("--cpus", str(min(machine.cpus, os.cpu_count() or machine.cpus)))
