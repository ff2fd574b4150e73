# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver ``docker``: each device a container that boots systemd, found again by its labels."""

from __future__ import annotations

import os
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from pathlib import Path
from typing import ClassVar

from packetd.drivers import DriverError, Machine, Power
from packetd.drivers.docker import client, container, firewall, host, image
from packetd.drivers.docker.names import Names
from packetd.drivers.docker.network import DeviceNetwork
from packetd.model.addresses import NetworkPlan

_SHUTDOWN_SECONDS = "10"


class DockerDriver:
    """Devices of the state in directory ``state``; with ``egress`` they reach what the host reaches."""

    name: ClassVar[str] = "docker"
    simulated: ClassVar[bool] = False

    def __init__(self, state: Path, *, egress: bool = False) -> None:
        self._names = Names.of(state)
        self._egress = egress
        self._network = DeviceNetwork(self._names, state, egress=egress)
        self._plan: NetworkPlan | None = None

    def start(self) -> None:
        """Make the network, or what is missing of it; raises DriverError that names the remedy."""
        if os.geteuid() != 0:
            raise DriverError(
                "the docker driver makes bridges, routes and packet filters; "
                "remedy: run packetd as root (sudo)"
            )
        if not self.operating_systems():
            raise DriverError("Docker has no device image; remedy: packetd image build")
        self._plan = self._network.ensure()

    def stop(self) -> None:
        """Nothing of the driver is bound to the process."""

    def destroy(self) -> None:
        """Remove all containers of this state, its network, routes and packet filter. Needs no start()."""
        self._remove(self._containers(self._names.label))
        self._network.remove()

    def adopt(self, network: NetworkPlan) -> None:
        """Keep these ranges for start(); raises DriverError when the state has others already."""
        self._network.adopt(network)

    @property
    def network(self) -> NetworkPlan:
        """The ranges to choose addresses from; raises DriverError before start()."""
        if self._plan is None:
            raise DriverError("the docker driver is not started")
        return self._plan

    @property
    def block_storage(self) -> None:
        """Nothing exports volumes: a container could not attach one over iSCSI."""
        return

    def counters(self) -> firewall.Counters:
        """Packets turned back at the borders of the devices' network, and let through."""
        return firewall.counters(self._names)

    def operating_systems(self) -> frozenset[str]:
        """Slugs whose image has been built."""
        return frozenset(slug for slug in image.RECIPES if image.present(slug))

    def create(self, machine: Machine) -> None:
        """Start the device's container, made now unless an earlier call made it."""
        if self._find(machine.id) is None:
            options = container.options(machine, self._names, self.network, self._resolv_conf())
            client.run("create", *options, self._image(machine.operating_system))
        self.power(machine.id, True)

    def destroy_machine(self, device_id: str) -> None:
        """Remove the container with its volumes; none there is fine."""
        self._remove(self._containers(self._names.label, f"packetd.device={device_id}"))

    def power(self, device_id: str, on: bool) -> None:
        """Start the container, or shut its system down (killed after 10 s)."""
        found = self._require(device_id)
        if on:
            client.run("start", found)
        else:
            client.run("stop", "--time", _SHUTDOWN_SECONDS, found)

    def reboot(self, device_id: str) -> None:
        """Shut down and start; one that is off is started."""
        client.run("restart", "--time", _SHUTDOWN_SECONDS, self._require(device_id))

    def reinstall(self, machine: Machine) -> None:
        """The same device on a fresh disk: its volumes go too."""
        self._image(machine.operating_system)  # before anything is lost
        self.destroy_machine(machine.id)
        self.create(machine)

    def state(self, device_id: str) -> Power:
        """What Docker says of the container now."""
        found = self._find(device_id)
        if found is None:
            return Power.ABSENT
        running = client.run("inspect", "--format", "{{.State.Running}}", found)
        return Power.ON if running == "true" else Power.OFF

    def machines(self) -> frozenset[str]:
        """The devices that have a container, running or not."""
        template = '{{.Label "packetd.device"}}'
        labels = client.run("ps", "--all", f"--filter=label={self._names.label}", "--format", template)
        return frozenset(labels.split())

    def route(self, network: str, device_id: str | None) -> None:
        """Route an elastic network (a lone address is a /32) to the device; None takes the route away."""
        try:
            elastic = IPv4Network(network)
        except (AddressValueError, NetmaskValueError, ValueError) as error:
            raise DriverError(f"elastic network {network}: {error}") from None
        if not elastic.subnet_of(self.network.elastic):
            raise DriverError(f"elastic network {network} is not within {self.network.elastic}")
        via = None if device_id is None else self._public_address(device_id)
        self._network.route(elastic, via)

    def _containers(self, *labels: str) -> list[str]:
        filters = (f"--filter=label={label}" for label in labels)
        return client.run("ps", "--all", "--quiet", "--no-trunc", *filters).split()

    def _find(self, device_id: str) -> str | None:
        found = self._containers(self._names.label, f"packetd.device={device_id}")
        return found[0] if found else None

    def _require(self, device_id: str) -> str:
        found = self._find(device_id)
        if found is None:
            raise DriverError(
                f"device {device_id}: its container does not exist; remedy: reinstall or delete it"
            )
        return found

    def _remove(self, containers: list[str]) -> None:
        for found in containers:
            container.unplug(found)
        if containers:
            client.run("rm", "--force", "--volumes", *containers)

    def _public_address(self, device_id: str) -> str:
        template = "{{range .NetworkSettings.Networks}}{{.IPAMConfig.IPv4Address}}{{end}}"
        return client.run("inspect", "--format", template, self._require(device_id))

    def _image(self, slug: str) -> str:
        if not image.present(slug):
            raise DriverError(f"operating_system {slug}: Docker has no image; remedy: packetd image build")
        return image.tag(slug)

    def _resolv_conf(self) -> str:
        if self._egress:
            return "\n".join(f"nameserver {address}" for address in host.resolvers())
        # Nobody answers at the gateway. Over TCP the refusal comes at once; over UDP the kernel sends
        # only a few refusals a second, and each lookup beyond them would take five.
        return f"nameserver {self.network.gateway}\noptions use-vc"
