# SPDX-License-Identifier: GPL-3.0-or-later
"""A project with something of every kind in it, for tests that need ids of things that are there."""

from __future__ import annotations

import base64
import secrets
import uuid
from typing import Any

import requests
from packetd_process import Packetd
from people import Person

PLACE = {"metro": "sv"}
PLAN = "c3.small.x86"
Document = dict[str, Any]


def new_key() -> str:
    """A public key that nobody has yet."""
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + secrets.token_bytes(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


class Furnished:
    """An organization with one project, made anew.

    ``ids`` are those of what is in it, by the segment of a path that comes before them, and ``values`` are
    what fields and query parameters of these names may really hold.
    """

    def __init__(
        self, server: Packetd, session: requests.Session, guest: Person, hardware: list[str]
    ) -> None:
        """``guest`` is made a member; ``hardware`` are ids of hardware reservations, which need a command."""
        self._server = server
        self._session = session
        self.ids: dict[str, list[str]] = {"hardware-reservations": hardware}
        self.organization = self._make("organizations", "/organizations", {"name": "furnished"})["id"]
        project = {"name": "furnished", "organization_id": self.organization}
        self.project = self._make("projects", "/projects", project)["id"]
        self._people(guest)
        self._machines()
        self._networks()
        self._volumes()
        self._orders()
        self._catalogue()
        self.values = _values(self, guest)

    def _call(self, method: str, path: str, body: Document | None = None) -> Any:
        answer = self._session.request(method, self._server.api_url + path, json=body, timeout=30)
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def _make(self, segment: str, path: str, body: Document | None = None) -> Document:
        made: Document = self._call("POST", path, body)
        self._keep(segment, made["id"])
        return made

    def _keep(self, segment: str, *ids: str) -> None:
        self.ids.setdefault(segment, []).extend(ids)

    def _list(self, segment: str, path: str, name: str, *, most: int = 3) -> list[Document]:
        found: list[Document] = self._call("GET", path)[name][:most]
        self._keep(segment, *(each["id"] for each in found))
        return found

    def _in_project(self, path: str) -> str:
        return f"/projects/{self.project}/{path}"

    def _people(self, guest: Person) -> None:
        path = f"/organizations/{self.organization}/invitations"
        roles = {"roles": ["collaborator"], "projects_ids": [self.project]}
        accepted = self._call("POST", path, {"invitee": guest.email, **roles})
        status, _ = guest.call("PUT", f"/invitations/{accepted['id']}")
        assert status == 200
        self._make("invitations", path, {"invitee": "nobody@example.test", **roles})
        self._list("members", f"/organizations/{self.organization}/members", "members")
        self._list("memberships", self._in_project("memberships"), "memberships")
        self._keep("users", self._call("GET", "/user")["id"], guest.id)
        self._make("emails", "/emails", {"address": f"{uuid.uuid4().hex}@example.test"})
        self._make("api-keys", "/user/api-keys", {"description": "spare"})
        self._make("api-keys", self._in_project("api-keys"), {"read_only": True})
        self._make("ssh-keys", "/ssh-keys", {"label": "own", "key": new_key()})
        # Only the organization that packetd itself makes has one.
        first = self._call("GET", "/organizations")["organizations"][0]["id"]
        self._list("payment-methods", f"/organizations/{first}/payment-methods", "payment_methods")
        target = self._make("organizations", "/organizations", {"name": "other"})["id"]
        self._make("transfers", self._in_project("transfers"), {"target_organization_id": target})

    def _machines(self) -> None:
        device = {"plan": PLAN, "operating_system": "debian_12", **PLACE}
        for hostname in ("plain", "layered"):
            made = self._make("devices", self._in_project("devices"), {"hostname": hostname, **device})
            self._keep("ports", *(port["id"] for port in made["network_ports"]))
            self._keep("ips", self._active(f"/devices/{made['id']}")["ip_addresses"][0]["id"])
        part = {**device, "hostname": "batch", "facility": "sv15"}
        self._call("POST", self._in_project("devices/batch"), {"batches": [part]})
        self._list("batches", self._in_project("batches"), "batches")
        self._list("events", self._in_project("events"), "events")

    def _active(self, path: str) -> Document:
        return dict(self._server.wait(path, lambda _status, document: document["state"] == "active"))

    def _networks(self) -> None:
        plain, layered = self.ids["devices"]
        address = {"type": "public_ipv4", **PLACE}
        routed = self._make("ips", self._in_project("ips"), {**address, "quantity": 1})
        at_device = {"address": f"{routed['address']}/32"}
        self._make("ips", f"/devices/{plain}/ips", at_device)
        free = self._make("ips", self._in_project("ips"), {**address, "quantity": 8})
        self.free_address = f"{free['network']}/32"
        networks = [
            self._make("virtual-networks", self._in_project("virtual-networks"), PLACE) for _ in range(3)
        ]
        for_gateway = self._make("ips", self._in_project("ips"), {**address, "quantity": 8})
        self._make("internet-gateways", f"/virtual-networks/{networks[0]['id']}/internet-gateways", {})
        gateway = {"virtual_network_id": networks[1]["id"], "ip_reservation_id": for_gateway["id"]}
        self._make("metal-gateways", self._in_project("metal-gateways"), gateway)
        self._layered(layered, networks[2]["id"])
        self._call("POST", self._in_project("bgp-configs"), {"deployment_type": "local", "asn": 65000})
        self._make("sessions", f"/devices/{plain}/bgp/sessions", {"address_family": "ipv4"})

    def _layered(self, device_id: str, network_id: str) -> None:
        """A device without addresses, in a virtual network."""
        ports = self._call("GET", f"/devices/{device_id}")["network_ports"]
        bond = next(port["id"] for port in ports if port["type"] == "NetworkBondPort")
        self._call("POST", f"/ports/{bond}/convert/layer-2")
        wanted = {"vlan_assignments": [{"vlan": network_id, "state": "assigned"}]}
        self._make("batches", f"/ports/{bond}/vlan-assignments/batches", wanted)
        self._list("vlan-assignments", f"/ports/{bond}/vlan-assignments", "vlan_assignments")

    def _volumes(self) -> None:
        order = {"plan": "storage_1", "facility": "sv15", "size": 10}
        attached, free = (self._make("storage", self._in_project("storage"), order)["id"] for _ in range(2))
        self._keep("volumes", attached, free)
        for volume in (attached, free):
            self._active(f"/storage/{volume}")
        to_device = {"device_id": self.ids["devices"][0]}
        self._make("attachments", f"/storage/{attached}/attachments", to_device)
        policy = {"snapshot_frequency": "1day", "snapshot_count": 2}
        self._make("snapshot-policies", f"/storage/{free}/snapshot-policies", policy)
        snapshot = self._make("snapshots", f"/storage/{free}/snapshots")
        self.snapshot_at = snapshot["timestamp"]

    def _orders(self) -> None:
        part = {"hostname": "spot", "plan": PLAN, "operating_system": "debian_12"}
        bid = {"devices_min": 1, "devices_max": 1, "max_bid_price": 0.0001, **PLACE}
        path = self._in_project("spot-market-requests")
        self._make("spot-market-requests", path, {**bid, "instance_parameters": part})

    def _catalogue(self) -> None:
        for name in ("plans", "facilities", "operating_systems"):
            segment = name.replace("_", "-")
            self._list(segment, f"/{segment}", name)
        self._list("metros", "/locations/metros", "metros")


def _values(of: Furnished, guest: Person) -> dict[str, list[Any]]:
    """What fields and query parameters of these names may really hold."""
    ids = of.ids
    moments = ["2026-01-01T00:00:00Z", "2039-12-31T23:59:59+14:00", of.snapshot_at]
    device = {"hostname": "node", "plan": PLAN, "operating_system": "debian_12", "facility": "any"}
    return {
        "address": [of.free_address, "someone@example.test", {"address": "1 Street", "country": "DE"}],
        "address_family": ["ipv4", "ipv6"],
        "after": ids["events"],
        "asn": [65000],
        "batches": [[{**device, "quantity": 2}]],
        "cidr": ["29", "32"],
        "created[after]": moments,
        "created[before]": moments,
        "default": [True],
        "device_id": ids["devices"],
        "end_at": moments,
        "exclude": ["project", "devices", "plan"],
        "facility": ["sv15", "any", "ny5"],
        "facility_id": ["sv15", ids["facilities"][0]],
        "facilities": [["sv15"]],
        "from": moments,
        "hardware_reservation_id": [*ids["hardware-reservations"], "next-available"],
        "hostname": ["node", "plain"],
        "include": ["project", "devices.project,volumes", "assignments.device", "members,owners"],
        "instance_parameters": [device],
        "invitee": [guest.email],
        "ip_addresses": [[{"address_family": 4, "public": True}, {"address_family": 4, "public": False}]],
        "ip_reservation_id": ids["ips"],
        "key": [new_key()],
        "max_bid_price": [1, 0.02],
        "metro": ["sv", "ny"],
        "operating_system": ["debian_12", "ubuntu_22_04"],
        "organization_id": ids["organizations"],
        "page": ["1", "2"],
        "payment_method_id": ids["payment-methods"],
        "per_page": ["1", "10", "1000"],
        "plan": [PLAN, "baremetal_0", "storage_1", "storage_2"],
        "project_id": ids["projects"],
        "project_ssh_keys": [ids["ssh-keys"]],
        "projects_ids": [ids["projects"]],
        "quantity": [1, 2, 4],
        "restore_point": [of.snapshot_at],
        "roles": [["admin"], ["collaborator"], ["owner"]],
        "servers": [[{"facility": "sv15", "metro": "sv", "plan": PLAN, "quantity": 1}]],
        "size": [10, 100],
        "snapshot_timestamp": [of.snapshot_at],
        "spot_price_max": [1],
        "target_organization_id": ids["organizations"],
        "termination_time": moments[1:2],
        "type": ["public_ipv4", "global_ipv4", "power_off", "power_on", "reboot", "reinstall", "rescue"],
        "until": moments,
        "userdata": ["#cloud-config\n{}\n", "#!/bin/sh\n"],
        "virtual_network_id": ids["virtual-networks"],
        "vlan": ids["virtual-networks"],
        "vlan_assignments": [[{"vlan": ids["virtual-networks"][0], "state": "assigned"}]],
        "vnid": ids["virtual-networks"],
        "wait": ["0", "1"],
    }
