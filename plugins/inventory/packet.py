# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of the Packet API as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: packet
short_description: Devices of the Packet API as an inventory
version_added: 0.1.0
description:
  - Lists the devices of projects, with all pages of all projects fetched at the same time.
  - The name of the inventory file must end in C(packet.yml) or C(packet.yaml).
  - >-
    Groups are C(kube_control_plane) and C(kube_node) by the tags C(role=control-plane) and C(role=worker),
    and C(pool_<pool>), C(cluster_<cluster>), C(metro_<code>), C(state_<state>) and C(tag_<tag>).
  - >-
    Hosts have the variables C(ansible_host), C(packet_id), C(packet_state), C(packet_plan), C(packet_metro),
    C(packet_facility), C(packet_operating_system), C(packet_tags), C(packet_public_ipv4),
    C(packet_private_ipv4), C(packet_project), C(packet_cluster), C(packet_role) and C(packet_pool), and where
    an elastic IP is reserved for the control planes of their cluster C(packet_endpoint), its address, and
    C(packet_holds_endpoint), whether it is routed to this device.
author:
  - The packet.kubernetes authors (@packet-kubernetes)
extends_documentation_fragment:
  - packet.kubernetes._connection.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - Says that a file is for this plugin.
    type: str
    required: true
    choices: [packet.kubernetes.packet]
  projects:
    description:
      - Names or ids of the projects. If not set, all that the token can see.
      - A name that does not exist, as before anything is made, adds no hosts and is no error.
    type: list
    elements: str
    default: []
    env:
      - name: PACKET_PROJECT_ID
  cluster:
    description:
      - Only devices with the tag C(cluster=<this>).
    type: str
  states:
    description:
      - Only devices in one of these states.
    type: list
    elements: str
    default: [active]
  address:
    description:
      - Which address of a device becomes C(ansible_host).
    type: str
    choices: [public, private]
    default: public
notes:
  - The options O(api_url), O(api_token), O(projects) and O(cluster) may be templates.
  - >-
    Of several devices with one hostname the oldest has that name in the inventory; the others have the
    beginning of
    their id added.
  - >-
    Where the API refuses or does not answer and C(any_unparsed_is_failed) is set, the run ends with that one
    error. Otherwise Ansible goes on to offer the file to its plugins for other formats, and warns of what
    each makes of it.
"""

EXAMPLES = r"""
# kubernetes.packet.yml: the active devices of one project; PACKET_API_URL and PACKET_API_TOKEN say where.
plugin: packet.kubernetes.packet
projects:
  - kubernetes

# The machines of one cluster by their private addresses, from a cache of five minutes, with groups by plan.
# plugin: packet.kubernetes.packet
# projects: ["{{ lookup('ansible.builtin.env', 'PROJECT') }}"]
# cluster: blue
# address: private
# cache: true
# cache_plugin: ansible.builtin.jsonfile
# cache_connection: ~/.cache/packet-inventory
# cache_timeout: 300
# keyed_groups:
#   - key: packet_plan
#     prefix: plan
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleParserError, ExitCode
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._kinds.device_attributes import attributes, tag_value
from ..module_utils._packet.connection import Connection
from ..module_utils._reconcile import ResourceError

ROLE_GROUPS = {"control-plane": "kube_control_plane", "worker": "kube_node"}
"""The groups that roles work on, by the tag `role`; they exist even when they are empty."""

SHOWN = (
    "id",
    "state",
    "plan",
    "metro",
    "facility",
    "operating_system",
    "tags",
    "public_ipv4",
    "private_ipv4",
)

ENDPOINT_TAG = "cluster-api-provider-packet:cluster-id:"
"""How the reservation for a cluster's endpoint is tagged, before the cluster's name (CAPP v0.9.0)."""

CONNECTION = (
    "api_url",
    "api_token",
    "api_token_file",
    "api_timeout",
    "api_retries",
    "validate_certs",
    "ca_path",
)

Device = dict[str, Any]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The plugin `packet.kubernetes.packet`."""

    NAME = "packet.kubernetes.packet"

    def verify_file(self, path: str) -> bool:
        """Whether the file's name says that it is ours."""
        return super().verify_file(path) and path.endswith(("packet.yml", "packet.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Adds groups and hosts. Raises AnsibleParserError with one clear line, or ends the run with it."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            devices = self._devices(path, cache)
        except ResourceError as error:
            raise self._refusal(f"{Path(path).name}: {error}") from None
        for group in ROLE_GROUPS.values():
            self.inventory.add_group(group)
        for name, device in _named(devices):
            if self._is_wanted(device):
                self._add(name, device)

    def _refusal(self, sentence: str) -> BaseException:
        """What to raise. An exception would have Ansible try plugins for other formats, whose complaints of
        this file would come last; where the run ends anyway, it ends with the one error that says why."""
        if not constants.INVENTORY_ANY_UNPARSED_IS_FAILED:
            return AnsibleParserError(sentence)
        self.display.error(sentence)
        return SystemExit(ExitCode.GENERIC_ERROR)

    def _devices(self, path: str, cache: bool) -> list[Device]:
        """From the cache, where one is in use and has them, without even making a client; else from the
        API."""
        key = f"{self.get_cache_key(path)}_{self._origin()}"
        if cache and self.get_option("cache"):
            try:
                cached: list[Device] = self._cache[key]
            except KeyError:
                pass
            else:
                return cached
        devices = self._fetch()
        if self.get_option("cache"):
            self._cache[key] = devices
        return devices

    def _origin(self) -> str:
        """What tells devices of other projects, or of another API, apart in the cache."""
        asked = repr((self._text("api_url"), self._projects()))
        return hashlib.sha256(asked.encode()).hexdigest()[:12]

    def _fetch(self) -> list[Device]:
        # Here and not above: it takes 0.1 s to import requests, which a cached inventory can do without.
        from ..module_utils._kinds.ip_reservation import attributes as shown_reservation
        from ..module_utils._kinds.references import find_project
        from ..module_utils._packet.client import Client, each
        from ..module_utils._packet.paging import everything

        options = {name: self.get_option(name) for name in CONNECTION}
        options |= {name: self._text(name) for name in ("api_url", "api_token")}
        client = Client(Connection.from_params(options))

        def of_project(project: dict[str, Any]) -> list[Device]:
            found = everything(client, f"projects/{project['id']}/devices", "devices")
            reserved = everything(
                client, f"projects/{project['id']}/ips", "ip_addresses", include="assignments"
            )
            endpoints = _endpoints(map(shown_reservation, reserved))
            devices = [attributes(device) | {"project": project["name"]} for device in found]
            return [
                device | {"endpoint": endpoints.get(tag_value(device["tags"], "cluster"))}
                for device in devices
            ]

        asked = self._projects()
        projects = (
            each(lambda reference: find_project(client, reference), asked)
            if asked
            else everything(client, "projects", "projects")
        )
        devices: list[Device] = []
        for outcome in [*projects, *each(of_project, [item for item in projects if isinstance(item, dict)])]:
            if isinstance(outcome, ResourceError):
                raise outcome
            devices.extend(outcome if isinstance(outcome, list) else ())
        return sorted(devices, key=lambda device: (device["created_at"] or "", device["id"]))

    def _is_wanted(self, device: Device) -> bool:
        cluster = self._text("cluster")
        return device["state"] in self.get_option("states") and (
            not cluster or tag_value(device["tags"], "cluster") == cluster
        )

    def _add(self, name: str, device: Device) -> None:
        self.inventory.add_host(name)
        variables = self._variables(device)
        for variable, value in variables.items():
            self.inventory.set_variable(name, variable, value)
        for group in _groups(device, variables):
            self.inventory.add_child(self.inventory.add_group(group), name)
        self._construct(name, variables)

    def _variables(self, device: Device) -> dict[str, Any]:
        """What comes from the API is never a template: Ansible trusts no string that it has not been told
        to."""
        shown = {f"packet_{name}": device[name] for name in (*SHOWN, "project")}
        tagged = {f"packet_{name}": tag_value(device["tags"], name) for name in ("cluster", "role", "pool")}
        address = device[f"{self.get_option('address')}_ipv4"]
        reached = {"ansible_host": address} if address else {}
        if endpoint := device["endpoint"]:
            reached |= {
                "packet_endpoint": endpoint["address"],
                "packet_holds_endpoint": device["id"] in endpoint["assigned_to"],
            }
        return shown | tagged | reached

    def _construct(self, name: str, variables: dict[str, Any]) -> None:
        """The user's own variables and groups. Each costs as much as all of ours, so only where asked for."""
        strict = self.get_option("strict")
        if self.get_option("compose"):
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        if self.get_option("groups"):
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        if self.get_option("keyed_groups"):
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)

    def _projects(self) -> list[str]:
        return [str(self._template(project)) for project in self.get_option("projects")]

    def _text(self, name: str) -> str | None:
        value = self._template(self.get_option(name))
        return str(value) if value else None

    def _template(self, value: Any) -> Any:
        return self.templar.template(value) if isinstance(value, str) else value


def _endpoints(reservations: Iterable[dict[str, Any]]) -> dict[str | None, dict[str, Any]]:
    """The elastic IP of each cluster's control planes, by the cluster's name."""
    return {
        tag.removeprefix(ENDPOINT_TAG): reservation
        for reservation in reservations
        for tag in reservation["tags"]
        if tag.startswith(ENDPOINT_TAG)
    }


def _named(devices: list[Device]) -> Iterator[tuple[str, Device]]:
    """Each device with a name that no other has."""
    seen: Counter[str] = Counter()
    for device in devices:
        hostname = device["hostname"]
        yield (f"{hostname}-{device['id'][:8]}" if seen[hostname] else hostname), device
        seen[hostname] += 1


def _groups(device: Device, variables: dict[str, Any]) -> Iterator[str]:
    if role_group := ROLE_GROUPS.get(variables["packet_role"]):
        yield role_group
    parts = {
        "pool": variables["packet_pool"],
        "cluster": variables["packet_cluster"],
        "metro": device["metro"],
        "state": device["state"],
    }
    names = [f"{kind}_{value}" for kind, value in parts.items() if value]
    for name in [*names, *(f"tag_{tag}" for tag in device["tags"])]:
        yield to_safe_group_name(name, force=True, silent=True)
