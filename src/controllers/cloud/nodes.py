# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Node has to say of its device. Pure.

Taints, labels and the order of addresses are those of Kubernetes' own cloud node controller
(k8s.io/cloud-provider v0.36, controllers/node and controllers/nodelifecycle), the meaning of region and zone
is cloud-provider-equinix-metal's, save that the zone was empty there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._provider_ids import (
    NoDeviceError,
    device_of,
    of_device,
)

from controllers.cloud.devices import OFF, Device

UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
SHUTDOWN = "node.cloudprovider.kubernetes.io/shutdown"
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
# What kubelet was told by --node-ip.
PROVIDED_IP = "alpha.kubernetes.io/provided-node-ip"

Taint = Mapping[str, Any]
Addresses = tuple[tuple[str, str], ...]


class UnclearError(Exception):
    """It cannot be told which device a Node is."""


@dataclass(frozen=True)
class Node:
    """What matters of a Node."""

    name: str
    uid: str
    version: str = field(compare=False)
    """Its resourceVersion; a Node of which only this differs is the same."""
    provider_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    provided_ips: tuple[str, ...] = ()
    addresses: Addresses = ()
    taints: Sequence[Taint] = ()
    ready: bool = False
    unschedulable: bool = False
    leaving: bool = False

    @property
    def internal(self) -> str | None:
        """The address by which other nodes reach it."""
        return next((address for kind, address in self.addresses if kind == "InternalIP"), None)

    @property
    def control_plane(self) -> bool:
        """Whether an API server runs on it."""
        return any(label in self.labels for label in CONTROL_PLANE)

    @property
    def device_id(self) -> str | None:
        """The device that it says it is; None where it says nothing, or another provider's."""
        try:
            return device_of(self.provider_id)
        except NoDeviceError:
            return None


@dataclass(frozen=True)
class Change:
    """Merge patches, empty where there is nothing to change."""

    status: Mapping[str, Any] = field(default_factory=dict)
    node: Mapping[str, Any] = field(default_factory=dict)


def read(body: Mapping[str, Any]) -> Node:
    """A Node as the cluster's API shows it."""
    metadata, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    ready = [each["status"] for each in status.get("conditions") or [] if each["type"] == "Ready"]
    provided = (metadata.get("annotations") or {}).get(PROVIDED_IP, "")
    return Node(
        name=metadata["name"],
        uid=metadata["uid"],
        version=metadata["resourceVersion"],
        provider_id=spec.get("providerID") or "",
        labels=dict(metadata.get("labels") or {}),
        provided_ips=tuple(part.strip() for part in provided.split(",") if part.strip()),
        addresses=tuple((each["type"], each["address"]) for each in status.get("addresses") or []),
        taints=tuple(dict(taint) for taint in spec.get("taints") or []),
        ready=ready == ["True"],
        unschedulable=bool(spec.get("unschedulable")),
        leaving=bool(metadata.get("deletionTimestamp")),
    )


def device_of_node(node: Node, devices: Iterable[Device]) -> Device | None:
    """The device that a Node is: the one it says, else the one with its hostname.

    Raises UnclearError where several have that hostname and none has the Node's address.
    """
    if node.provider_id:
        return next((device for device in devices if device.id == node.device_id), None)
    named = [device for device in devices if device.hostname == node.name]
    if len(named) > 1:
        known = {address for _, address in node.addresses} | set(node.provided_ips)
        named = [device for device in named if known & {*device.private, *device.public}] or named
    if len(named) > 1:
        ids = ", ".join(sorted(device.id for device in named))
        raise UnclearError(f"several devices have the hostname {node.name}: {ids}")
    return named[0] if named else None


def change(node: Node, device: Device) -> Change:
    """What has to be changed of the Node, so that it says what is true of its device."""
    addresses = _addresses(node, device)
    spec: dict[str, Any] = {} if node.provider_id else {"providerID": of_device(device.id)}
    taints = _taints(node, device)
    if taints != list(node.taints):
        spec["taints"] = taints
    labels = {name: value for name, value in _labels(device).items() if node.labels.get(name) != value}
    patch: dict[str, Any] = {"spec": spec} if spec else {}
    metadata: dict[str, Any] = {"labels": labels} if labels else {}
    if "taints" in spec:
        # A list of taints is replaced as a whole, so it must be the one that was seen.
        metadata["resourceVersion"] = node.version
    if metadata:
        patch["metadata"] = metadata
    listed = [{"type": kind, "address": address} for kind, address in addresses]
    return Change({"status": {"addresses": listed}} if addresses != node.addresses else {}, patch)


def _addresses(node: Node, device: Device) -> Addresses:
    """Those of the device; what kubelet was told to use is first of its kind."""
    internal = list(device.private)
    given = [address for address in node.provided_ips if address not in (*device.private, *device.public)]
    found = [
        ("Hostname", device.hostname),
        *(("InternalIP", address) for address in [*given, *internal]),
        *(("ExternalIP", address) for address in device.public),
    ]
    # Without a network of its own between machines the public addresses are those by which nodes meet.
    if not given and not internal:
        found += [("InternalIP", address) for address in device.public]
    return tuple(sorted(found, key=lambda each: each[1] not in node.provided_ips and each[0] != "Hostname"))


def _labels(device: Device) -> dict[str, str]:
    told = {
        "node.kubernetes.io/instance-type": device.plan,
        "beta.kubernetes.io/instance-type": device.plan,
        "topology.kubernetes.io/region": device.metro,
        "failure-domain.beta.kubernetes.io/region": device.metro,
        "topology.kubernetes.io/zone": device.facility,
        "failure-domain.beta.kubernetes.io/zone": device.facility,
    }
    return {name: value for name, value in told.items() if value}


def _taints(node: Node, device: Device) -> list[dict[str, Any]]:
    others = [dict(taint) for taint in node.taints if taint["key"] not in (UNINITIALIZED, SHUTDOWN)]
    if device.state not in OFF:
        return others
    kept = [dict(taint) for taint in node.taints if taint["key"] == SHUTDOWN]
    return others + (kept or [{"key": SHUTDOWN, "effect": "NoSchedule"}])
