# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects, keys, catalogue, tokens: what surrounds devices."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from packetd_process import Packetd

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIt8L0Yx3pZy8cW7E0m3wX1p7fJ4qC5b7w1yW3f4oX0a someone@host"


def test_projects(server: Packetd) -> None:
    status, project = server.call("POST", "/projects", {"name": "ä project", "customdata": {"a": "b"}})
    assert status == 201
    assert uuid.UUID(project["id"]).version == 4
    path = f"/projects/{project['id']}"
    assert server.call("GET", path)[1]["name"] == "ä project"
    assert server.call("PATCH", path, {"name": "renamed"})[1]["name"] == "renamed"
    assert server.call("GET", path + "/customdata") == (200, {"a": "b"})
    _, listed = server.call("GET", "/projects?per_page=1000")
    assert project["id"] in [item["id"] for item in listed["projects"]]
    assert server.call("DELETE", path) == (204, None)
    assert server.call("GET", path) == (404, {"errors": ["Not found"]})


@pytest.mark.parametrize("name", ["", None, "x" * 81, ["list"]])
def test_a_wrong_project_name_is_refused(server: Packetd, name: Any) -> None:
    status, answer = server.call("POST", "/projects", {"name": name})
    assert status == 422
    assert answer["errors"][0].startswith("name ")


def test_a_project_with_devices_stays(server: Packetd, project: str, order: dict[str, Any]) -> None:
    _, device = server.call("POST", f"/projects/{project}/devices", order)
    status, answer = server.call("DELETE", f"/projects/{project}")
    assert (status, "node-0" in answer["errors"][0]) == (422, True)
    server.wait_for_state(device["id"], "active")
    server.call("DELETE", f"/devices/{device['id']}")
    assert server.call("DELETE", f"/projects/{project}")[0] == 204
    server.wait(f"/devices/{device['id']}", lambda status, _answer: status == 404)


def test_ssh_keys(server: Packetd, project: str, order: dict[str, Any]) -> None:
    _, mine = server.call("POST", "/ssh-keys", {"label": "mine", "key": KEY})
    status, theirs = server.call("POST", f"/projects/{project}/ssh-keys", {"label": "theirs", "key": KEY})
    assert status == 201
    assert theirs["key"] == KEY
    assert theirs["fingerprint"].count(":") == 15
    _, listed = server.call("GET", f"/projects/{project}/ssh-keys")
    assert [key["label"] for key in listed["ssh_keys"]] == ["theirs"]
    assert mine["id"] in [key["id"] for key in server.call("GET", "/ssh-keys")[1]["ssh_keys"]]

    def keys_of(**fields: Any) -> set[str]:
        _, device = server.call("POST", f"/projects/{project}/devices?include=ssh_keys", {**order, **fields})
        return {key["id"] for key in device["ssh_keys"]}

    assert keys_of() == {mine["id"], theirs["id"]}
    assert keys_of(project_ssh_keys=[theirs["id"]], user_ssh_keys=[]) == {theirs["id"]}
    assert keys_of(no_ssh_keys=True) == set()

    path = f"/ssh-keys/{theirs['id']}"
    assert server.call("PUT", path, {"label": "new"})[1]["label"] == "new"
    assert server.call("DELETE", path)[0] == 204
    assert server.call("GET", path)[0] == 404
    server.call("DELETE", f"/ssh-keys/{mine['id']}")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "nonsense",
        "ssh-rsa %%%",
        KEY.replace("ssh-ed25519", "ssh-rsa"),
        KEY.replace("ssh-ed25519", "ssh-dss"),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
        KEY + "\n" + KEY,
    ],
)
def test_a_wrong_key_is_refused(server: Packetd, project: str, key: str) -> None:
    status, answer = server.call("POST", f"/projects/{project}/ssh-keys", {"label": "x", "key": key})
    assert status == 422
    assert answer["errors"][0].startswith("key ")


def test_catalogue(server: Packetd) -> None:
    known = {
        ("/plans", "plans", "slug"): "baremetal_0 baremetal_2a2 c3.small.x86 storage_1",
        ("/operating-systems", "operating_systems", "slug"): "debian_12 custom_ipxe coreos_stable",
        ("/facilities", "facilities", "code"): "ewr1 ny5 dc13 ams1 nrt1 dfw1 fra1 sjc1",
        ("/locations/metros", "metros", "code"): "sv ny am",
    }
    for (path, name, key), expected in known.items():
        status, answer = server.call("GET", path)
        assert status == 200
        assert set(expected.split()) <= {item[key] for item in answer[name]}
        assert all(uuid.UUID(item["id"]).version == 4 for item in answer[name])


def test_organizations_and_user(server: Packetd, project: str) -> None:
    _, answer = server.call("GET", "/organizations")
    (organization,) = answer["organizations"]
    href = f"/organizations/{organization['id']}"
    assert organization["href"] == href
    assert server.call("GET", f"/metal/v1{href}")[1]["href"] == f"/metal/v1{href}"
    _, projects = server.call("GET", f"{href}/projects?per_page=1000")
    assert project in [item["id"] for item in projects["projects"]]
    assert server.call("GET", "/user")[1]["email"]


def test_who_may_not(server: Packetd, project: str) -> None:
    status, answer = server.call("GET", "/projects", token="wrong")
    assert status == 401
    assert answer["error"] == "Invalid authentication token"
    made = server.command("token", "create", "--read-only", "--description", "for reading")
    reader = made.stdout.strip()
    assert server.call("GET", f"/projects/{project}", token=reader)[0] == 200
    status, answer = server.call("DELETE", f"/projects/{project}", token=reader)
    assert (status, answer) == (403, {"errors": ["This API token is read-only"]})
    listed = server.command("token", "list").stdout
    assert reader not in listed
    assert reader.encode() not in (server.state / "packetd.sqlite").read_bytes()
    (line,) = [line for line in listed.splitlines() if "for reading" in line]
    assert server.command("token", "revoke", line.split("\t")[0]).returncode == 0
    assert server.call("GET", f"/projects/{project}", token=reader)[0] == 401


def test_what_is_not_there(server: Packetd, project: str) -> None:
    absent = str(uuid.uuid4())
    for path in ("/nothing", f"/devices/{absent}", f"/projects/{absent}/devices", f"/ips/{absent}", "/ips/"):
        assert server.call("GET", path) == (404, {"errors": ["Not found"]}), path
    assert server.call("DELETE", "/ips/")[0] == 404
    assert server.call("DELETE", "/projects")[0] == 405


def test_wrong_paging_is_refused(server: Packetd) -> None:
    for query in ("page=0", "page=x", "per_page=-1"):
        status, answer = server.call("GET", f"/projects?{query}")
        assert (status, answer["errors"][0].split()[0]) == (422, query.split("=")[0])
    assert server.call("GET", "/projects?page=99")[1]["projects"] == []


def test_the_api_describes_itself(server: Packetd) -> None:
    status, document = server.call("GET", "/openapi.json", token="none is needed")
    assert (status, document["openapi"]) == (200, "3.1.0")
    assert {"get", "post"} <= set(document["paths"]["/projects/{id}/devices"])


def test_what_comes_with_get_is_not_read(server: Packetd) -> None:
    for body in ("", [], {"name": 7}):
        assert server.call("GET", "/projects", body)[0] == 200
