# SPDX-License-Identifier: GPL-3.0-or-later
"""The info modules, run by Ansible against a real packetd: all of them in one playbook."""

from __future__ import annotations

from typing import Any

from ansible_runs import Ansible, ok, task

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
DEVICE = {"project": "p", "plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}
SERVER = {"plan": "c3.small.x86", "metro": "sv", "quantity": 2}
ADDRESS = "{{ endpoint.ip_reservation.address }}"

MADE = [
    task("project", name="p"),
    task("ssh_key", project="p", label="me", key=KEY),
    {**task("ip_reservation", project="p", metro="sv", tags=["endpoint"]), "register": "endpoint"},
    task("device", **DEVICE, tags=["cluster=blue"], devices=[{"hostname": "n0"}, {"hostname": "n1"}]),
    task("ip_assignment", project="p", address=ADDRESS, device="n0"),
]

# What each info module is asked.
ASKED: dict[str, dict[str, Any]] = {
    "project_info": {"names": ["p"]},
    "ssh_key_info": {"project": "p"},
    "device_info": {"project": "p", "tags": ["cluster=blue"], "states": ["active"]},
    "device_power_info": {"project": "p"},
    "ip_reservation_info": {"project": "p", "tags": ["endpoint"]},
    "ip_assignment_info": {"project": "p", "device": "n0"},
    "user_info": {},
    "plan_info": {"slugs": ["c3.small.x86"]},
    "operating_system_info": {"slugs": ["debian_12"]},
    "metro_info": {"codes": ["sv"]},
    "facility_info": {"codes": ["sv15"]},
    "capacity_info": {"servers": [SERVER]},
    "spot_price_info": {"metro": "sv", "plan": "c3.small.x86"},
    "hardware_reservation_info": {"project": "p"},
    "batch_info": {"project": "p"},
    "bgp_neighbor_info": {"project": "p", "device": "n0"},
    "event_info": {"project": "p", "device": "n0", "types": ["provisioning.110"]},
}
QUESTIONS = [task(module, **arguments) for module, arguments in ASKED.items()]
IN_CHECK_MODE = {**task("device_info", **ASKED["device_info"]), "name": "in check mode", "check_mode": True}


def test_every_info_module_answers(ansible: Ansible, packetd: Any) -> None:
    made = ok(ansible.play(MADE)).tasks
    project = made["project"]["project"]
    packetd.command(
        "hardware", "add", "--project", project["id"], "--plan", "m3.large.x86", "--facility", "da11"
    )
    packetd.call("POST", f"/projects/{project['id']}/bgp-configs", {"deployment_type": "local", "asn": 65000})
    n0 = made["device"]["devices"][0]
    packetd.call("POST", f"/devices/{n0['id']}/bgp/sessions", {"address_family": "ipv4"})
    orders = [{**DEVICE, "hostname": "b{{index}}", "quantity": 2}]
    packetd.call("POST", f"/projects/{project['id']}/devices/batch", {"batches": orders})

    told = ok(ansible.play([*QUESTIONS, IN_CHECK_MODE]))
    assert not told.changed
    found = {module: told.tasks[module] for module in ASKED}
    assert found["project_info"]["projects"] == [project]
    assert found["ssh_key_info"]["ssh_keys"] == [made["ssh_key"]["ssh_key"]]
    shown = {device["hostname"]: device for device in found["device_info"]["devices"]}
    assert shown["n1"] == made["device"]["devices"][1]
    # What was assigned afterwards is shown with the device too.
    elastic = made["ip_assignment"]["ip_assignment"]["address"]
    addresses = shown["n0"]["ip_addresses"]
    assert [f"{item['address']}/32" for item in addresses if not item["management"]] == [elastic]
    assert shown["n0"] == {**n0, "ip_addresses": addresses}
    power = {device["id"]: device for device in found["device_power_info"]["devices"]}
    assert power[n0["id"]] == {"id": n0["id"], "hostname": "n0", "state": "active"}
    assert told.tasks["in check mode"]["devices"] == found["device_info"]["devices"]
    (reservation,) = found["ip_reservation_info"]["ip_reservations"]
    assert reservation == {**made["ip_reservation"]["ip_reservation"], "assigned_to": [n0["id"]]}
    assert found["ip_assignment_info"]["ip_assignments"] == [made["ip_assignment"]["ip_assignment"]]
    assert len(found["user_info"]["users"]) == 1
    assert "sv" in found["plan_info"]["plans"][0]["metros"]
    assert found["operating_system_info"]["operating_systems"][0]["distro"] == "debian"
    assert found["metro_info"]["metros"][0]["name"] == "Silicon Valley"
    assert found["facility_info"]["facilities"][0]["metro"] == "sv"
    assert found["capacity_info"]["capacity"] == [{**SERVER, "facility": None, "available": True}]
    assert found["spot_price_info"]["spot_prices"][0]["price"] > 0
    assert found["hardware_reservation_info"]["hardware_reservations"][0]["metro"] == "da"
    assert found["batch_info"]["batches"][0]["quantity"] == 2
    assert found["bgp_neighbor_info"]["bgp_neighbors"][0]["customer_ip"] == n0["private_ipv4"]
    assert [event["device_id"] for event in found["event_info"]["events"]] == [n0["id"]]


def test_what_cannot_be_answered_is_one_clear_error(ansible: Ansible, packetd: Any) -> None:
    packetd.call("POST", "/projects", {"name": "p"})
    wrong = [
        ("device_info", {"project": "later"}, "the project 'later' does not exist"),
        ("device_info", {"project": "p", "states": ["asleep"]}, "states must be one or more of: queued, "),
        ("bgp_neighbor_info", {"project": "p", "device": "n0"}, "the project 'p' has no device 'n0'"),
        ("capacity_info", {"metro": "xx"}, "capacity: metro 'xx' is not offered; this API has: am, "),
        ("event_info", {"organization": "nobody"}, "there is no organization 'nobody'"),
        ("user_info", {"api_token": "this-token-is-wrong"}, "the token came from the option api_token"),
    ]
    tasks = [{**task(module, **given), "name": text, "ignore_errors": True} for module, given, text in wrong]
    run = ok(ansible.play(tasks))
    for _module, _given, text in wrong:
        assert run.tasks[text]["failed"]
        assert text in run.tasks[text]["msg"]
