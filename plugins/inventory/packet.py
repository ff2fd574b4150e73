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
    and C(pool_<pool>), C(cluster_<cluster>), C(metro_<code>), C(state_<state>) and C(tag_<tag>), with C(_)
    for what the name of a group may not have.
  - Hosts have these variables. What a device does not have is none, unless it says otherwise here.
  - C(ansible_host) (string) is the first of O(addresses) that the device has; not set where it has none.
  - C(packet_id) (string) is its id.
  - C(packet_hostname) (string) is its hostname, which the name of the host usually is too.
  - C(packet_state) (string) is its state, for example V(active).
  - C(packet_plan) (string) is the slug of its plan.
  - C(packet_operating_system) (string) is the slug of its operating system.
  - C(packet_metro) (string) is the code of its metro.
  - C(packet_facility) (string) is the code of its facility.
  - C(packet_project) (string) is the name of its project.
  - C(packet_tags) (list of strings) is all its tags.
  - C(packet_cluster) (string) is the value of its tag C(cluster=).
  - C(packet_role) (string) is the value of its tag C(role=).
  - C(packet_pool) (string) is the value of its tag C(pool=).
  - C(packet_public_ipv4) (string) is its own public IPv4 address, not an elastic one.
  - C(packet_private_ipv4) (string) is its private IPv4 address.
  - C(packet_public_ipv6) (string) is its public IPv6 address.
  - >-
    C(packet_endpoint) (string) is the elastic IP that is reserved for the control planes of its cluster; not
    set where there is none.
  - >-
    C(packet_holds_endpoint) (boolean) says whether that is routed to this device; not set where there is
    none.
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
      # Ansible takes the last one that is set.
      - name: METAL_PROJECT_ID
      - name: PACKET_PROJECT_ID
  facilities:
    description:
      - Only devices in one of the facilities with these codes.
    type: list
    elements: str
    default: []
  metros:
    description:
      - Only devices in one of the metros with these codes.
    type: list
    elements: str
    default: []
  states:
    description:
      - Only devices in one of these states. An empty list is every state.
    type: list
    elements: str
    default: [active]
  tags:
    description:
      - Only devices that have all of these tags.
    type: list
    elements: str
    default: []
  roles:
    description:
      - Only devices with a tag C(role=) of one of these values.
    type: list
    elements: str
    default: []
  clusters:
    description:
      - Only devices with a tag C(cluster=) of one of these values.
    type: list
    elements: str
    default: []
  addresses:
    description:
      - Which address of a device becomes C(ansible_host), the first of these that it has.
    type: list
    elements: str
    choices: [public_ipv4, private_ipv4, public_ipv6]
    default: [public_ipv4]
  hostname:
    description:
      - A template over the variables of the host that gives its name.
      - >-
        Where it is not set, gives nothing, or fails and O(strict) is not set, the hostname of the device is
        used.
      - The roles of this collection call a node as its host, and never rename one.
    type: str
  stale_cache:
    description:
      - >-
        For how many seconds after O(cache_timeout) the cache is still used, with a warning, where the API
        cannot be reached or answers with 429 or 5xx. It never is where the API refuses the token, nor where
        the inventory is to be read anew (C(--flush-cache), C(refresh_inventory)).
    type: int
    default: 0
notes:
  - The options O(api_url), O(api_token), O(projects) and the filters may be templates.
  - A value that a filter names and no device has is no error. It just finds nothing.
  - >-
    Of several devices with one name the oldest has that name in the inventory; the others have the beginning
    of their id added. So has a device called localhost, which in Ansible is the controller.
  - In the name of a host, C(_) stands for everything but letters, digits, dots, C(-) and C(_).
  - What comes from the API is never a template.
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

# The workers of one cluster in two metros by their private addresses, each called after its pool and id, from
# a cache of five minutes, or of up to a day while the API is away, with groups by plan.
# plugin: packet.kubernetes.packet
# projects: ["{{ lookup('ansible.builtin.env', 'PROJECT') }}"]
# clusters: [blue]
# roles: [worker]
# metros: [sv, da]
# addresses: [private_ipv4, public_ipv4]
# hostname: "{{ packet_pool }}-{{ packet_id[:8] }}"
# cache: true
# cache_plugin: ansible.builtin.jsonfile
# cache_connection: ~/.cache/packet-inventory
# cache_timeout: 300
# stale_cache: 86400
# keyed_groups:
#   - key: packet_plan
#     prefix: plan
"""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError, ExitCode
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._kinds.device_attributes import attributes
from ..module_utils._kinds.ip_reservation import attributes as shown_reservation
from ..module_utils._kinds.references import find_project
from ..module_utils._packet.client import Client, each
from ..module_utils._packet.connection import Connection
from ..module_utils._packet.errors import ServerFaultError, UnreachableError
from ..module_utils._packet.paging import everything
from ..module_utils._reconcile import ResourceError
from ..plugin_utils._inventory import (
    FILTERS,
    OF_DEVICE,
    OF_TAGS,
    ROLE_GROUPS,
    Variables,
    endpoints,
    group_names,
    host_variables,
    is_wanted,
    reached_at,
    safe_name,
    unique_names,
)

CONNECTION = (
    "api_url",
    "api_token",
    "api_token_file",
    "api_timeout",
    "api_retries",
    "validate_certs",
    "ca_path",
)

PASSING = (UnreachableError, ServerFaultError)
"""What may be over soon, unlike a token that is refused."""

T = TypeVar("T")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The plugin `packet.kubernetes.packet`."""

    NAME = "packet.kubernetes.packet"

    def verify_file(self, path: str) -> bool:
        """Whether the file's name says that it is ours."""
        return super().verify_file(path) and path.endswith(("packet.yml", "packet.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Adds groups and hosts. Raises AnsibleParserError with one clear line, or ends the run with it."""
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        try:
            self._refuse_unknown(config)
            devices = self._devices(path, cache)
        except ResourceError as error:
            raise self._refusal(f"{Path(path).name}: {error}") from None
        for group in ROLE_GROUPS.values():
            self.inventory.add_group(group)
        filters = {option: self._texts(option) for option in (*FILTERS, "tags")}
        addresses = self.get_option("addresses")
        hosts = [{**reached_at(variables, addresses), **variables} for variables in devices]
        # Of all devices, so that no filter changes what another host is called.
        names = unique_names(
            ((self._name(variables), variables["packet_id"]) for variables in hosts), constants.LOCALHOST
        )
        for name, variables in zip(names, hosts, strict=True):
            if is_wanted(variables, filters):
                self._add(name, variables)

    def _refuse_unknown(self, config: dict[str, Any]) -> None:
        """A filter whose name is misspelt must not let every device pass."""
        if unknown := sorted(set(config) - set(self._options)):
            raise ResourceError(
                f"there is no option {', '.join(unknown)}; ansible-doc -t inventory {self.NAME} lists them"
            )

    def _refusal(self, sentence: str) -> BaseException:
        """What to raise. An exception would have Ansible try plugins for other formats, whose complaints of
        this file would come last; where the run ends anyway, it ends with the one error that says why."""
        if not constants.INVENTORY_ANY_UNPARSED_IS_FAILED:
            return AnsibleParserError(sentence)
        self.display.error(sentence)
        return SystemExit(ExitCode.GENERIC_ERROR)

    def _devices(self, path: str, cache: bool) -> list[Variables]:
        """From the cache, where one is in use and has them, without even making a client; else from the
        API."""
        if not self.get_option("cache"):
            return self._fetch()
        timeout, stale = self.get_option("cache_timeout"), self.get_option("stale_cache")
        if timeout and stale:
            # Cache plugins drop what is over, so theirs is the later end, and the first is kept by us.
            self.set_option("cache_timeout", timeout + stale)
            self.load_cache_plugin()
        key = f"{self.get_cache_key(path)}_{self._origin()}"
        kept = self._cache.get(key) if cache else None
        age = time.time() - kept["fetched"] if kept else 0.0
        if kept and (not timeout or age <= timeout):
            return list(kept["devices"])
        try:
            devices = self._fetch()
        except PASSING as error:
            if not kept or age > timeout + stale:
                raise
            told = f"this inventory is what the API said {age:.0f} s ago (stale_cache)"
            self.display.warning(f"{Path(path).name}: {error}; {told}")
            return list(kept["devices"])
        self._cache[key] = {"fetched": time.time(), "devices": devices}
        return devices

    def _origin(self) -> str:
        """What tells devices of other projects, of another API or as another user sees them apart in the
        cache, and those that another version of this plugin kept."""
        connection = [self._text(name) for name in ("api_url", "api_token", "api_token_file")]
        asked = (OF_DEVICE, OF_TAGS, connection, self._texts("projects"))
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:12]

    def _fetch(self) -> list[Variables]:
        options = {name: self.get_option(name) for name in CONNECTION}
        options |= {name: self._text(name) for name in ("api_url", "api_token")}
        client = Client(Connection.from_params(options))

        def of_project(project: dict[str, Any]) -> list[tuple[str, Variables]]:
            path = f"projects/{project['id']}"
            found = everything(client, f"{path}/devices", "devices")
            reserved = everything(client, f"{path}/ips", "ip_addresses", include="assignments")
            held = endpoints(map(shown_reservation, reserved))
            return [
                (device.get("created_at") or "", host_variables(attributes(device), project["name"], held))
                for device in found
            ]

        asked = self._texts("projects")
        projects = (
            _successes(each(lambda reference: find_project(client, reference), asked))
            if asked
            else everything(client, "projects", "projects")
        )
        once = {project["id"]: project for project in projects if project}
        parts = _successes(each(of_project, once.values()))
        aged = sorted(
            (item for part in parts for item in part), key=lambda item: (item[0], item[1]["packet_id"])
        )
        return [variables for _created_at, variables in aged]

    def _name(self, variables: Variables) -> str:
        """What the host is to be called. Raises AnsibleParserError for a template that fails, with strict."""
        name: Any = None
        if template := self.get_option("hostname"):
            self.templar.available_variables = variables
            try:
                name = self.templar.template(template)
            except AnsibleError as error:
                if self.get_option("strict"):
                    raise AnsibleParserError(
                        f"the option hostname gives no name for device {variables['packet_id']}: {error}"
                    ) from error
        return safe_name(str(name or variables["packet_hostname"] or variables["packet_id"]))

    def _add(self, name: str, variables: Variables) -> None:
        self.inventory.add_host(name)
        host = self.inventory.get_host(name)
        # Not by the inventory, which would note of every value where it is from; that takes longer than all
        # else here. Ansible trusts no string as a template that it has not been told to trust.
        for variable, value in variables.items():
            host.set_variable(variable, value)
        for group in group_names(variables):
            self.inventory.add_child(self.inventory.add_group(group), name)
        self._construct(name, variables)

    def _construct(self, name: str, variables: Variables) -> None:
        """The user's own variables and groups. Each costs as much as all of ours, so only where asked for."""
        strict = self.get_option("strict")
        if self.get_option("compose"):
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        if self.get_option("groups"):
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        if self.get_option("keyed_groups"):
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)

    def _texts(self, name: str) -> list[str]:
        return [str(self._template(value)) for value in self.get_option(name)]

    def _text(self, name: str) -> str | None:
        value = self._template(self.get_option(name))
        return str(value) if value else None

    def _template(self, value: Any) -> Any:
        return self.templar.template(value) if isinstance(value, str) else value


def _successes(outcomes: Sequence[T | ResourceError]) -> list[T]:
    """Raises the first error that will not pass, else the first at all."""
    errors = [outcome for outcome in outcomes if isinstance(outcome, ResourceError)]
    if errors:
        raise min(errors, key=lambda error: isinstance(error, PASSING))
    return [outcome for outcome in outcomes if not isinstance(outcome, ResourceError)]
