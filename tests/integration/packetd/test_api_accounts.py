# SPDX-License-Identifier: GPL-3.0-or-later
"""The user and what is theirs: tokens, addresses, notifications, organizations, what things cost."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from packetd_process import Packetd

PREFIXES = ["", "/metal/v1"]


def test_a_fresh_server_has_what_clients_expect(packetd: Packetd) -> None:
    _, user = packetd.call("GET", "/user?include=emails")
    assert user["emails"][0]["address"] == user["email"]
    assert user["two_factor_auth"]
    (organization,) = packetd.call("GET", "/organizations")[1]["organizations"]
    assert user["default_organization_id"] == organization["id"]
    (project,) = packetd.call("GET", f"/organizations/{organization['id']}/projects")[1]["projects"]
    assert uuid.UUID(project["id"]).version == 4
    _, methods = packetd.call("GET", f"/organizations/{organization['id']}/payment-methods")
    assert project["payment_method"]["href"] == methods["payment_methods"][0]["href"]
    assert packetd.call("GET", project["payment_method"]["href"])[0] == 200
    (notification,) = packetd.call("GET", "/notifications")[1]["notifications"]
    assert packetd.call("PUT", notification["href"])[1]["read"] is True
    types = {event["type"] for event in packetd.call("GET", "/events")[1]["events"]}
    assert types == {"user.created", "organization.created", "project.created"}


def test_the_user(server: Packetd) -> None:
    _, before = server.call("GET", "/user")
    sent = {"first_name": "Päcket", "timezone": "Europe/Berlin", "customdata": {"a": 1}}
    _, user = server.call("PUT", "/user", sent)
    assert {name: user[name] for name in sent} == sent
    assert server.call("GET", f"/users/{user['id']}/customdata") == (200, {"a": 1})
    assert server.call("PATCH", "/user", {"first_name": None})[1]["first_name"] == ""
    server.call("PUT", "/user", {name: before[name] for name in sent})
    assert user["id"] in [item["id"] for item in server.call("GET", "/users?search=admin@")[1]["users"]]


def test_tokens_are_shown_once(server: Packetd) -> None:
    status, key = server.call("POST", "/user/api-keys", {"description": "ci", "read_only": True})
    assert (status, key["description"], key["read_only"], key["project"]) == (201, "ci", True, None)
    assert server.call("GET", "/user", token=key["token"])[0] == 200
    assert server.call("PUT", "/user", {}, token=key["token"])[0] == 403
    _, listed = server.call("GET", "/user/api-keys?search=ci&include=user")
    (found,) = [item for item in listed["api_keys"] if item["id"] == key["id"]]
    assert (found["token"], found["user"]["email"]) == ("", server.call("GET", "/user")[1]["email"])
    assert key["token"].encode() not in (server.state / "packetd.sqlite").read_bytes()
    assert server.call("DELETE", f"/api-keys/{key['id']}")[0] == 204
    assert server.call("GET", "/user", token=key["token"])[0] == 401


def test_addresses_of_mail(server: Packetd) -> None:
    address = f"{uuid.uuid4().hex}@example.test"
    status, email = server.call("POST", "/emails", {"address": address, "default": False})
    assert (status, email["address"], email["verified"], email["default"]) == (201, address, False, False)
    assert server.call("POST", "/emails", {"address": address})[1]["errors"] == [
        "address has already been taken"
    ]
    assert server.call("POST", "/emails", {"address": "nonsense"})[0] == 422
    path = f"/emails/{email['id']}"
    # It would have to be verified first.
    assert (
        server.call("PUT", path, {"address": "other@example.test", "default": None})[1]["address"] == address
    )
    first = server.call("GET", "/emails")[1]["emails"][0]
    assert server.call("PUT", path, {"default": True})[1]["default"] is True
    assert server.call("GET", "/user")[1]["email"] == address
    assert server.call("DELETE", path)[0] == 422
    assert server.call("PUT", f"/emails/{first['id']}", {"default": True})[0] == 200
    assert server.call("DELETE", path)[0] == 204
    assert server.call("GET", path)[0] == 404


def test_the_vpn_says_that_it_is_simulated(server: Packetd) -> None:
    assert server.call("GET", "/user/vpn?code=ewr1")[0] == 422
    assert server.call("POST", "/user/vpn") == (204, None)
    assert server.call("GET", "/user")[1]["vpn"] is True
    assert server.call("GET", "/user/vpn?code=ewr1")[1]["config"].startswith("# Simulated")
    assert server.call("GET", "/user/vpn?code=nowhere")[0] == 422
    assert server.call("DELETE", "/user/vpn") == (204, None)
    assert server.call("GET", "/user")[1]["vpn"] is False


@pytest.mark.parametrize("prefix", PREFIXES)
def test_organizations(server: Packetd, prefix: str) -> None:
    address = {"address": "1 Street", "zip_code": "12345", "country": "GB", "city": "x"}
    sent = {"name": "new", "website": "http://example.test", "twitter": "a", "logo": "b", "address": address}
    status, made = server.call("POST", f"{prefix}/organizations", sent)
    assert (status, {name: made[name] for name in sent}) == (201, sent)
    href = made["href"]
    assert href == f"{prefix}/organizations/{made['id']}"
    assert server.call("PATCH", href, {"description": "d"})[1]["description"] == "d"
    _, project = server.call("POST", f"{href}/projects", {"name": "inside"})
    assert project["payment_method"] == {}
    _, found = server.call("GET", f"{href}?include=projects.members.emails")
    assert found["projects"][0]["members"][0]["emails"][0]["address"] == "admin@packetd.invalid"
    _, found = server.call("GET", f"{href}?include=projects.members")
    assert set(found["projects"][0]["members"][0]["emails"][0]) == {"href"}
    assert server.call("DELETE", href)[0] == 422
    for query, listed in (("without_projects=only", False), ("without_projects=exclude", True)):
        _, answer = server.call("GET", f"{prefix}/organizations?per_page=1000&{query}")
        assert (made["id"] in [item["id"] for item in answer["organizations"]]) is listed
    assert server.call("DELETE", f"{prefix}/projects/{project['id']}")[0] == 204
    _, answer = server.call("GET", f"{href}/events?type=project.deleted,organization.created")
    assert [event["type"] for event in answer["events"]] == ["project.deleted", "organization.created"]
    assert server.call("DELETE", href)[0] == 204


def test_projects_name_what_is_in_them(server: Packetd, project: str, order: dict[str, Any]) -> None:
    _, device = server.call("POST", f"/projects/{project}/devices", order)
    include = "devices.operating_system,memberships,organization.projects,members"
    _, found = server.call("GET", f"/projects/{project}?include={include}")
    assert found["devices"][0]["hostname"] == "node-0"
    assert found["members"][0]["id"] == server.call("GET", "/user")[1]["id"]
    assert project in [item["id"] for item in found["organization"]["projects"]]
    membership = found["memberships"][0]["href"]
    assert server.call("GET", membership)[1]["roles"] == ["owner"]
    assert server.call("DELETE", membership)[0] == 422
    assert server.call("PUT", f"/projects/{project}", {"tags": ["a"]})[1]["tags"] == ["a"]
    bad = {"payment_method_id": str(uuid.uuid4())}
    assert server.call("PUT", f"/projects/{project}", bad)[0] == 422
    _, usages = server.call("GET", f"/projects/{project}/usages")
    assert [(item["name"], item["quantity"]) for item in usages["usages"]] == [("node-0", "1")]
    path = f"/devices/{device['id']}/usages?created[before]=2020-01-01T00:00:00Z"
    assert server.call("GET", path)[1]["usages"] == [{"quantity": "0", "total": "0.00", "unit": "hour"}]
    assert server.call("GET", f"{path}&include=plan&unknown=1")[0] == 200
    assert server.call("GET", f"/projects/{project}/usages?created[after]=x")[0] == 422


def test_what_is_sold_by_contract_is_empty(server: Packetd, project: str) -> None:
    assert server.call("GET", f"/projects/{project}/licenses") == (200, {"licenses": []})
    path = f"/projects/{project}/self-service/reservations"
    assert server.call("GET", path) == (200, {"reservations": []})
    assert server.call("GET", f"{path}/{uuid.uuid4()}")[0] == 404


def test_lists_come_in_pages_of_ten(server: Packetd) -> None:
    _, organization = server.call("POST", "/organizations", {"name": "many"})
    href = organization["href"]
    for number in range(12):
        body = {"invitee": f"{number}@{organization['id']}.test"}
        assert server.call("POST", f"{href}/invitations", body)[0] == 201
    _, page = server.call("GET", f"/metal/v1{href}/invitations?page=2")
    assert (len(page["invitations"]), page["meta"]["total"], page["meta"]["next"]) == (2, 12, None)
    assert page["meta"]["previous"]["href"] == f"{href}/invitations?page=1"


def test_users_on_the_command_line(server: Packetd) -> None:
    made = server.command("user", "create", "dora@example.test", "--name", "Dora D")
    assert uuid.UUID(made.stdout.strip())
    assert "dora@example.test" in server.command("user", "list").stdout
    again = server.command("user", "create", "dora@example.test")
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "another user" in again.stderr
    for options in (["--user", "nobody"], ["--project", "nothing"]):
        failed = server.command("token", "create", *options)
        assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)


def test_the_quota_of_devices(packetd: Packetd, order: dict[str, Any]) -> None:
    packetd.restart("--device-quota", "2")
    _, project = packetd.call("POST", "/projects", {"name": "small"})
    assert project["max_devices"]["c3.small.x86"] == 2
    path = f"/projects/{project['id']}/devices"
    _, device = packetd.call("POST", path, order)
    batch = {"batches": [{**order, "hostname": "n{{index}}", "quantity": 2}]}
    status, answer = packetd.call("POST", f"{path}/batch", batch)
    assert (status, "1 of at most 2 devices" in answer["errors"][0]) == (422, True)
    assert packetd.call("POST", path, order)[0] == 201
    assert packetd.call("POST", path, order)[0] == 422
    packetd.wait_for_state(device["id"], "active")
    assert packetd.call("DELETE", f"/devices/{device['id']}")[0] == 204
    assert packetd.call("POST", path, order)[0] == 201
