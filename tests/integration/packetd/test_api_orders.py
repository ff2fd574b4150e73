# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be asked for when devices are ordered, and what they are then."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest
from packetd_process import Packetd
from people import Person, add_person, join

Body = dict[str, Any]
END = "2040-01-02T03:04:05Z"
# The sizes of an ed25519 key; the key itself belongs to nobody.
_PARTS = (b"ssh-ed25519", bytes(32))
_BLOB = b"".join(struct.pack(">I", len(part)) + part for part in _PARTS)
KEY = "ssh-ed25519 " + base64.b64encode(_BLOB).decode()


def create(server: Packetd, project: str, body: Body) -> Body:
    status, device = server.call("POST", f"/projects/{project}/devices", body)
    assert status == 201, device
    return dict(device)


def refused(server: Packetd, project: str, body: Body) -> str:
    status, answer = server.call("POST", f"/projects/{project}/devices", body)
    assert status == 422, answer
    return str(answer["errors"][0])


def add_key(server: Packetd, path: str, label: str) -> str:
    status, key = server.call("POST", path, {"label": label, "key": f"{KEY} {label}"})
    assert status == 201, key
    return str(key["id"])


def test_all_that_was_ordered_is_shown(server: Packetd, project: str, order: Body) -> None:
    wanted = {
        "description": "a test",
        "tags": ["a"],
        "billing_cycle": "monthly",
        "always_pxe": True,
        "ipxe_script_url": "https://boot.example/x",
        "userdata": "#!/bin/sh\n",
        "customdata": {"a": [1]},
        "locked": True,
        "network_frozen": True,
        "storage": {
            "disks": [{"device": "/dev/sda", "wipeTable": True, "partitions": []}],
            "filesystems": [],
        },
        "image_url": "https://images.example/x",
        "termination_time": END,
        "features": {"tpm": "required"},
    }
    device = create(server, project, {**order, **wanted})
    assert {name: device[name] for name in wanted} == wanted
    other = create(
        server, project, {**order, "termination_timestamp": "2040-01-02T03:04:05Z", "features": ["tpm"]}
    )
    assert (other["termination_time"], other["features"]) == ("2040-01-02T03:04:05Z", {"tpm": "required"})
    assert (other["storage"], other["spot_price_max"], other["hardware_reservation"]) == (None, None, None)


def test_a_password_is_shown_once_the_device_is_active(server: Packetd, project: str, order: Body) -> None:
    device = create(server, project, order)
    assert device["root_password"] is None
    password = server.wait_for_state(device["id"], "active")["root_password"]
    assert len(password) >= 16
    act = server.call(
        "POST", f"/devices/{device['id']}/actions", {"type": "reinstall", "deprovision_fast": True}
    )
    assert act == (202, None)
    assert server.wait_for_state(device["id"], "active")["root_password"] != password


def test_a_device_without_public_addresses(server: Packetd, project: str, order: Body) -> None:
    private = [{"address_family": 4, "public": False}]
    device = create(server, project, {**order, "ip_addresses": private})
    (address,) = server.wait_for_state(device["id"], "active")["ip_addresses"]
    assert (address["public"], address["address_family"], address["management"]) == (False, 4, True)
    both = [*private, {"address_family": 6, "public": True, "cidr": 127}]
    device = create(server, project, {**order, "ip_addresses": both})
    shown = server.wait_for_state(device["id"], "active")["ip_addresses"]
    assert [item["address_family"] for item in shown] == [4, 6]


def test_addresses_out_of_reservations(server: Packetd, project: str, order: Body) -> None:
    body = {"type": "public_ipv4", "quantity": 4, "metro": "sv"}
    status, block = server.call("POST", f"/projects/{project}/ips", body)
    assert status == 201
    public = {"address_family": 4, "public": True, "ip_reservations": [block["id"]]}
    wanted = {**order, "ip_addresses": [{"address_family": 4, "public": False}, {**public, "cidr": 31}]}
    first, second = create(server, project, wanted)["id"], create(server, project, wanted)["id"]
    elastic = []
    for device in (first, second):
        addresses = server.wait_for_state(device, "active")["ip_addresses"]
        elastic += [item["address"] for item in addresses if not item["management"]]
    assert len(set(elastic)) == 2
    _, shown = server.call("GET", f"/ips/{block['id']}")
    assert len(shown["assignments"]) == 2
    assert "ip_addresses: " in refused(server, project, wanted)
    # What is refused takes nothing.
    assert len(server.call("GET", f"/projects/{project}/devices")[1]["devices"]) == 2


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"ip_addresses": [{"address_family": 4, "public": True}]}, "must contain a private IPv4"),
        ({"ip_addresses": [{"address_family": 5}]}, "address_family 5"),
        ({"ip_addresses": [{"public": False}, {"public": False}]}, "once"),
        ({"ip_addresses": [{"public": False, "cidr": 29}]}, "cidr 29"),
        ({"ip_addresses": [{"public": False, "ip_reservations": ["x"]}]}, "ip_reservations are only"),
        ({"ip_addresses": [{"public": False}, {"ip_reservations": ["x"]}]}, "'x' is no IP reservation"),
        ({"ip_addresses": [{"public": False}, {"address_family": 6, "public": False}]}, "private IPv6"),
        ({"ip_addresses": "x"}, "list of objects"),
        ({"public_ipv4_subnet_size": 28}, "public_ipv4_subnet_size 28"),
        ({"billing_cycle": "never"}, "hourly"),
        ({"features": 1}, "features "),
        ({"spot_instance": True, "spot_price_max": 0.001}, "below the market price"),
        ({"spot_instance": True, "spot_price_max": -2}, "spot_price_max must be"),
        ({"user_ssh_keys": ["x"]}, "user_ssh_keys 'x'"),
        ({"ssh_keys": [{"key": "rubbish"}]}, "ssh_keys key"),
        ({"ssh_keys": [1]}, "ssh_keys must be"),
        ({"userdata": "x" * 1_048_577}, "--userdata-limit"),
        ({"hardware_reservation_id": {}}, "hardware_reservation_id must be"),
    ],
)
def test_what_is_wrong_is_named(server: Packetd, project: str, order: Body, change: Body, hint: str) -> None:
    assert hint in refused(server, project, {**order, **change})


def test_keys(server: Packetd, project: str, order: Body) -> None:
    own = add_key(server, "/ssh-keys", "own")
    first, second = (add_key(server, f"/projects/{project}/ssh-keys", name) for name in ("first", "second"))
    _, user = server.call("GET", "/user")

    def keys(change: Body) -> set[str]:
        device = create(server, project, {**order, **change})
        return {key["href"].rpartition("/")[2] for key in device["ssh_keys"]}

    assert keys({}) == {own, first, second}
    assert keys({"no_ssh_keys": True}) == set()
    assert keys({"project_ssh_keys": [first]}) == {first}
    assert keys({"user_ssh_keys": [user["id"]], "project_ssh_keys": [second]}) == {own, second}
    assert keys({"user_ssh_keys": [own]}) == {own}
    (new,) = keys({"ssh_keys": [{"label": "new", "key": f"{KEY} new"}]})
    assert server.call("GET", f"/ssh-keys/{new}")[1]["label"] == "new"
    assert keys({"ssh_keys": [{"id": first}]}) == keys({"ssh_keys": [first]}) == {first}
    guest = add_person(server, "Guest")
    host = Person(server, user["id"], user["email"], server.token)
    join(guest, host, project, "collaborator")
    theirs = guest.make("/ssh-keys", {"label": "theirs", "key": f"{KEY} theirs"})["id"]
    assert {own, theirs} <= keys({})
    assert keys({"user_ssh_keys": [guest.id]}) == {theirs}
    server.call("DELETE", f"/ssh-keys/{own}")


def test_batches_in_the_forms_of_all_clients(server: Packetd, project: str, order: Body) -> None:
    forms = [
        {**order, "hostname": "test1", "quantity": 3, "facility": ["ny5"], "metro": None},
        {**order, "hostname": None, "hostnames": ["a", "b"]},
        {**order, "hostname": "n{{index}}", "quantity": "2", "facility_diversity_level": 1},
        {**order, "hostnames": ["m{{index}}"], "quantity": 2, "spot_instance": True, "spot_price_max": 0.1},
    ]
    status, answer = server.call(
        "POST", f"/projects/{project}/devices/batch?include=devices", {"batches": forms}
    )
    assert status == 201, answer
    names = [[device["hostname"] for device in batch["devices"]] for batch in answer["batches"]]
    assert [sorted(group) for group in names] == [["test1"] * 3, ["a", "b"], ["n0", "n1"], ["m0", "m1"]]
    path = f"/batches/{answer['batches'][0]['id']}"
    batch = server.wait(f"{path}?include=devices", lambda _status, it: it["state"] == "completed")
    assert {device["state"] for device in batch["devices"]} == {"active"}
    assert [
        item["quantity"] for item in server.call("GET", f"/projects/{project}/batches")[1]["batches"]
    ] == [3, 2, 2, 2]
    assert server.call("DELETE", f"{path}?remove_associated_instances=true")[0] == 204
    assert server.call("GET", path)[0] == 404
    server.wait(f"/projects/{project}/devices", lambda _status, page: page["meta"]["total"] == 6)


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"quantity": 1001}, "1000"),
        ({"quantity": 0}, "1 to"),
        ({"hostnames": ["a", "b"], "quantity": 3}, "hostnames are 2"),
        ({"hostname": "{{index"}, "not a valid host name"),
        ({"hostname": ""}, "hostname can't be blank"),
    ],
)
def test_a_wrong_batch(server: Packetd, project: str, order: Body, change: Body, hint: str) -> None:
    body = {"batches": [{**order, **change}]}
    status, answer = server.call("POST", f"/projects/{project}/devices/batch", body)
    assert (status, hint in answer["errors"][0]) == (422, True), answer


def test_searching_and_filtering(server: Packetd, project: str, order: Body) -> None:
    device = create(
        server, project, {**order, "hostname": "needle", "termination_time": "2040-01-01T00:00:00Z"}
    )
    create(
        server, project, {**order, "hostname": "hay", "plan": "baremetal_1", "operating_system": "centos_7"}
    )
    mac = device["network_ports"][1]["data"]["mac"]

    def names(query: str) -> list[str]:
        status, answer = server.call("GET", f"/projects/{project}/devices?{query}")
        assert status == 200, answer
        return [item["hostname"] for item in answer["devices"]]

    for query in (
        "search=c3.small.x86",
        "search=debian_12",
        f"search={device['short_id']}",
        "type=c3.small.x86",
        f"mac_address={mac}",
        "has_termination_time=true",
    ):
        assert names(query) == ["needle"], query
    assert names("type=c1.small.x86") == ["hay"]
    assert names("search=sv15&sort_by=hostname") == ["hay", "needle"]
    assert names("categories=compute&sort_by=hostname&sort_direction=desc") == ["needle", "hay"]
    assert names("reserved=true") == names("categories=storage") == names("state=nonsense") == []
    assert server.call("GET", f"/projects/{project}/devices?reserved=perhaps")[0] == 422


def test_the_catalogue(server: Packetd, project: str) -> None:
    _, metros = server.call("GET", "/locations/metros")
    assert "sv" in [metro["code"] for metro in metros["metros"]]
    _, facilities = server.call("GET", f"/projects/{project}/facilities")
    for code in ("ewr1", "ny5", "dc13", "ams1", "nrt1", "dfw1", "fra1", "sjc1"):
        (found,) = [facility for facility in facilities["facilities"] if facility["code"] == code]
        assert "storage" in found["features"]
        assert server.call("GET", found["href"])[1] == found
    _, plans = server.call("GET", "/plans?include=available_in")
    known = {plan["slug"]: plan for plan in plans["plans"]}
    assert "ny5" in [facility["code"] for facility in known["c3.small.x86"]["available_in"]]
    assert "ny5" not in [facility["code"] for facility in known["baremetal_2a2"]["available_in"]]
    assert known["storage_1"]["line"] == "storage"
    assert server.call("GET", "/plans/storage_1")[1]["id"] == "87728148-3155-4992-a730-8d1e6aca8a32"
    on_demand = server.call("GET", "/plans?deployment_type=on_demand")[1]["plans"]
    assert len(on_demand) == len(known) - 2
    _, systems = server.call("GET", "/operating-systems")
    assert server.call("GET", "/operating-system-versions") == (200, systems)
    assert server.call("GET", systems["operating_systems"][0]["href"])[0] == 200
    for path in ("/plans/x", "/facilities/x", "/locations/metros/x", "/operating-systems/x"):
        assert server.call("GET", path)[0] == 404


def test_bandwidth_has_its_shape(server: Packetd, project: str, order: Body) -> None:
    device = create(server, project, order)["id"]
    _, answer = server.call("GET", f"/devices/{device}/bandwidth?from=1&until=2")
    assert [series["target"] for series in answer["bandwidth"]] == ["inbound", "outbound"]
