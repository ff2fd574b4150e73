# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of a cluster, and what their addresses are at the Packet API."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from controlled import Cluster, Manager, Site, eventually, loopback
from lightkube import ApiError
from lightkube.models.core_v1 import ServicePort, ServiceSpec
from lightkube.models.discovery_v1 import Endpoint, EndpointConditions
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Event, Node, Service
from lightkube.resources.discovery_v1 import EndpointSlice
from standins import well

NAMESPACE = "default"
KUBE_PROXY = 10256
USAGE = "usage=cloud-provider-equinix-metal-auto"


class Balanced:
    """Two workers, whose kube-proxies are stood in for, and Services."""

    def __init__(self, cluster: Cluster, site: Site, manager: Manager, stack: ExitStack) -> None:
        self.api = cluster.api
        self.cluster = cluster
        self.site = site
        self.manager = manager
        self._stack = stack
        self._proxies: dict[str, ExitStack] = {}
        self.addresses: dict[str, str] = {}
        self.devices: dict[str, str] = {}
        for name in ("worker-1", "worker-2"):
            self.add(name)

    def add(self, name: str) -> None:
        """One more worker, well."""
        self.addresses[name] = loopback(len(self.addresses) + 1)
        self.devices[name] = self.site.device(name)["id"]
        self.cluster.join(name, self.addresses[name])
        self.heal(name)

    def heal(self, name: str) -> None:
        """Has its kube-proxy say that it is well."""
        proxy = self._proxies[name] = self._stack.enter_context(ExitStack())
        proxy.enter_context(well(self.addresses[name], KUBE_PROXY))

    def fail(self, name: str) -> None:
        """Has its kube-proxy say nothing any more."""
        self._proxies.pop(name).close()

    def start(self) -> None:
        """Starts the controllers, and waits until they know the workers."""
        self.manager.start()
        for name in self.addresses:
            self.cluster.initialised(name)

    def create(self, name: str, port: int = 80, **options: Any) -> None:
        """A Service; ``annotations`` and fields of its spec may be given."""
        annotations = options.pop("annotations", None)
        spec = {"type": "LoadBalancer", "selector": {"app": name}, **options}
        self.api.create(
            Service(
                metadata=ObjectMeta(name=name, namespace=NAMESPACE, annotations=annotations),
                spec=ServiceSpec(ports=[ServicePort(port)], **spec),
            )
        )

    def change(self, name: str, **spec: Any) -> None:
        self.api.patch(Service, name, {"spec": spec}, namespace=NAMESPACE)

    def delete(self, name: str) -> None:
        self.api.delete(Service, name, namespace=NAMESPACE)

    def tear_out(self, name: str) -> None:
        """Takes all finalizers away."""
        self.api.patch(Service, name, {"metadata": {"finalizers": None}}, namespace=NAMESPACE)

    def run_on(self, name: str, *nodes: str) -> None:
        """Where a Service has ready endpoints."""
        endpoints = [
            Endpoint(addresses=["10.1.0.1"], conditions=EndpointConditions(ready=True), nodeName=node)
            for node in nodes
        ]
        metadata = ObjectMeta(
            name=f"{name}-1", namespace=NAMESPACE, labels={"kubernetes.io/service-name": name}
        )
        slice_ = EndpointSlice(addressType="IPv4", endpoints=endpoints, metadata=metadata)
        self.api.apply(slice_, field_manager="tests", force=True)

    def service(self, name: str) -> Service | None:
        try:
            return self.api.get(Service, name, namespace=NAMESPACE)
        except ApiError as error:
            if error.status.code == 404:
                return None
            raise

    def told(self, name: str) -> str | None:
        """The address in its status."""
        service = self.service(name)
        status = service and service.status and service.status.loadBalancer
        ingress = (status and status.ingress) or []
        assert all(each.ipMode == "VIP" for each in ingress)
        return str(ingress[0].ip) if ingress else None

    def address(self, name: str) -> str:
        """The same, once there is one."""
        return eventually(lambda: self.told(name))

    def reservations(self) -> list[dict[str, Any]]:
        """All of the project that are not devices' own."""
        found = self.site.call("GET", f"/projects/{self.site.project}/ips?include=assignments")
        return [each for each in found["ip_addresses"] if not each["management"]]

    def made(self) -> list[dict[str, Any]]:
        """Those that were made for Services."""
        return [each for each in self.reservations() if USAGE in each["tags"]]

    def holder(self, address: str) -> str | None:
        """The worker that has an address."""
        names = {device: name for name, device in self.devices.items()}
        assigned = [each for found in self.reservations() for each in found["assignments"]]
        ids = [
            each["assigned_to"]["href"].rpartition("/")[2] for each in assigned if each["address"] == address
        ]
        assert len(ids) <= 1
        return names[ids[0]] if ids else None

    def other(self, name: str) -> str:
        return next(other for other in self.addresses if other != name)

    def events(self, name: str, reason: str) -> list[str]:
        """What was told of a Service for this reason."""
        return [
            str(event.message)
            for event in self.api.list(Event, namespace=NAMESPACE)
            if event.involvedObject.name == name and event.reason == reason
        ]

    def cordon(self, name: str) -> None:
        self.api.patch(Node, name, {"spec": {"unschedulable": True}})

    def clear(self) -> None:
        """Removes what a test left in the cluster."""
        for service in self.api.list(Service, namespace=NAMESPACE):
            assert service.metadata
            name = str(service.metadata.name)
            if name != "kubernetes":
                self.delete(name)
                if self.service(name):
                    self.tear_out(name)
        for resource in (EndpointSlice, Event):
            self.api.deletecollection(resource, namespace=NAMESPACE)
