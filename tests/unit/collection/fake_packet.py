# SPDX-License-Identifier: GPL-3.0-or-later
"""A Packet API in memory, behind the one method through which all of the collection's requests go.

It keeps what it is told, answers in the API's shapes, and remembers every request that may change something.
"""

from __future__ import annotations

import copy
import itertools
import uuid
from collections.abc import Callable
from typing import Any

from ansible_collections.packet.kubernetes.plugins.module_utils._packet.client import Client
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import failed

PLANS = ("c3.small.x86", "m3.large.x86")
SYSTEMS = ("debian_12", "custom_ipxe")
METROS = ("da", "sv")
FACILITIES = ("da11", "sv15")

Document = dict[str, Any]


class FakePacket(Client):
    """A client that is its own server."""

    def __init__(self) -> None:
        self.writes: list[str] = []
        self.reads: list[str] = []
        self.things: dict[str, dict[str, Document]] = {
            kind: {} for kind in ("projects", "ssh_keys", "devices", "ip_addresses", "batches")
        }
        self.states: tuple[str, ...] = ("queued", "provisioning", "active")
        """What a new device is at one look after the other; it then stays what it is."""
        self.batches_last = 0
        """How many looks at a batch it takes until its devices are made; 0: they are there at once."""
        self.before_answer: Callable[[str, str], None] = lambda _type, _path: None
        """Called once a POST is carried out and not yet answered."""
        self._clock = itertools.count(1)

    def call_api(self, method: str, type: str = "GET", params: Any = None) -> Any:  # noqa: A002
        path = method.partition("?")[0]
        (self.reads if type == "GET" else self.writes).append(f"{type} {path}")
        answer = getattr(self, f"_{type.lower()}")(path.split("/"), params or {})
        if type == "POST":
            self.before_answer(type, path)
        return answer

    def add(self, kind: str, **fields: Any) -> Document:
        """Puts something there that nobody has asked for through a request."""
        thing = {
            "id": str(uuid.uuid4()),
            "created_at": f"2026-01-01T00:00:{next(self._clock):02d}Z",
            **fields,
        }
        self.things[kind][thing["id"]] = thing
        return thing

    def add_device(self, project: Document, hostname: str, **fields: Any) -> Document:
        order = {"hostname": hostname, "plan": PLANS[0], "operating_system": SYSTEMS[0], "metro": "sv"}
        device = self._new_device(project["id"], {**order, **fields})
        device["coming"] = []
        device["state"] = fields.get("state", "active")
        return device

    def refuse(self, path: str, status: int, *messages: str) -> Exception:
        return failed(path, status, {"errors": list(messages)}, "the test")

    def _get(self, path: list[str], params: Document) -> Any:
        match path:
            case ["projects", id_, "devices"]:
                return self._page(
                    "devices", [self._advance(device) for device in self._of("devices", id_)], params
                )
            case ["projects", id_, "ips"]:
                return self._page("ip_addresses", self._of("ip_addresses", id_), params)
            case ["projects", id_, "ssh-keys"]:
                return {"ssh_keys": self._of("ssh_keys", id_)}
            case ["ssh-keys"]:
                return {"ssh_keys": self._of("ssh_keys", None)}
            case ["projects"]:
                return self._page("projects", list(self.things["projects"].values()), params)
            case ["projects", id_]:
                return self._known("projects", id_)
            case ["batches", id_]:
                return self._ripen(self._known("batches", id_))
            case ["devices", _id, "events"]:
                return {"events": [{"body": "Provisioning started", "created_at": "2026-01-01T00:00:00Z"}]}
        return self._catalogue("/".join(path))

    def _catalogue(self, path: str) -> Any:
        lists = {
            "plans": ("plans", "slug", PLANS),
            "operating-systems": ("operating_systems", "slug", SYSTEMS),
            "locations/metros": ("metros", "code", METROS),
            "facilities": ("facilities", "code", FACILITIES),
        }
        if path not in lists:
            raise self.refuse(path, 404, "Not found")
        key, name, values = lists[path]
        return {key: [{"id": value, name: value} for value in values]}

    def _post(self, path: list[str], body: Document) -> Any:
        match path:
            case ["projects"]:
                return self.add("projects", name=body["name"], customdata=body.get("customdata", {}))
            case ["projects", id_, "devices"]:
                return self._new_device(id_, body)
            case ["projects", id_, "devices", "batch"]:
                return {"batches": self._new_batches(id_, body["batches"])}
            case ["projects", id_, "ssh-keys"]:
                return self.add("ssh_keys", project=id_, fingerprint="00:11", **body)
            case ["ssh-keys"]:
                return self.add("ssh_keys", project=None, fingerprint="00:11", **body)
            case ["projects", id_, "ips"]:
                return self._new_reservation(id_, body)
            case ["devices", id_, "ips"]:
                return self._assign(id_, body["address"])
        raise self.refuse("/".join(path), 404, "Not found")

    def _patch(self, path: list[str], body: Document) -> Any:
        thing = self._anywhere(path[1])
        thing.update(body)
        return thing

    def _delete(self, path: list[str], _body: Document) -> None:
        for reservation in self.things["ip_addresses"].values():
            for assignment in list(reservation["assignments"]):
                if assignment["id"] == path[1]:
                    reservation["assignments"].remove(assignment)
                    return
        self._anywhere(path[1])
        for things in self.things.values():
            things.pop(path[1], None)

    def _page(self, key: str, items: list[Document], params: Document) -> Document:
        page, size = int(params.get("page", 1)), int(params.get("per_page", 10))
        return {
            key: items[(page - 1) * size : page * size],
            "meta": {"total": len(items), "current_page": page, "last_page": max(1, -(-len(items) // size))},
        }

    def _of(self, kind: str, project: str | None) -> list[Document]:
        return [thing for thing in self.things[kind].values() if thing["project"] == project]

    def _known(self, kind: str, id_: str) -> Document:
        if id_ not in self.things[kind]:
            raise self.refuse(f"{kind}/{id_}", 404, "Not found")
        return self.things[kind][id_]

    def _anywhere(self, id_: str) -> Document:
        return self._known(
            next((kind for kind, things in self.things.items() if id_ in things), "projects"), id_
        )

    def _advance(self, device: Document) -> Document:
        if device["coming"]:
            device["state"] = device["coming"].pop(0)
        return device

    def _new_device(self, project: str, body: Document) -> Document:
        self._check_order(project, body)
        rest = {
            name: value
            for name, value in body.items()
            if name not in ("plan", "operating_system", "metro", "state")
        }
        return self.add(
            "devices",
            project=project,
            plan={"slug": body["plan"]},
            operating_system={"slug": body["operating_system"]},
            metro={"code": body.get("metro")},
            facility={"code": body.pop("facility", None)},
            ip_addresses=[],
            coming=list(self.states[1:]),
            state=self.states[0],
            **{name: value for name, value in rest.items() if name != "facility"},
        )

    def _new_batches(self, project: str, entries: list[Document]) -> list[Document]:
        """All of them or none, as the API does."""
        orders = [
            [{**entry, "hostname": name} for name in entry.pop("hostnames")]
            for entry in copy.deepcopy(entries)
        ]
        for order in itertools.chain.from_iterable(orders):
            self._check_order(project, order)
        batches = [
            self.add(
                "batches",
                project=project,
                state="in_progress",
                quantity=len(part),
                devices=[],
                error_messages=[],
                looks=self.batches_last + 1,
                orders=part,
            )
            for part in orders
        ]
        return [self._ripen(batch) for batch in batches]

    def _ripen(self, batch: Document) -> Document:
        batch["looks"] -= 1
        if batch["looks"] == 0:
            made = [self._new_device(batch["project"], order) for order in batch["orders"]]
            batch |= {"devices": [{"href": f"/devices/{device['id']}"} for device in made]}
        return copy.deepcopy(batch)

    def _check_order(self, project: str, body: Document) -> None:
        if body["hostname"].startswith("refused"):
            raise self.refuse(f"projects/{project}/devices", 422, "there is no such machine left")

    def _new_reservation(self, project: str, body: Document) -> Document:
        number = len(self.things["ip_addresses"])
        return self.add(
            "ip_addresses",
            project=project,
            type=body["type"],
            quantity=body["quantity"],
            network=f"198.51.100.{128 + number}",
            address=f"198.51.100.{128 + number}",
            cidr=32,
            metro={"code": body.get("metro")},
            tags=body["tags"],
            details=body.get("details"),
            customdata=body.get("customdata", {}),
            management=False,
            state="created",
            assignments=[],
        )

    def _assign(self, device: str, address: str) -> Document:
        for reservation in self.things["ip_addresses"].values():
            if f"{reservation['network']}/{reservation['cidr']}" == address:
                assignment = {
                    "id": str(uuid.uuid4()),
                    "address": reservation["network"],
                    "network": reservation["network"],
                    "cidr": 32,
                    "assigned_to": {"href": f"/devices/{device}"},
                }
                reservation["assignments"].append(assignment)
                return assignment
        raise self.refuse(f"devices/{device}/ips", 422, f"{address} is in no reservation of the project")
