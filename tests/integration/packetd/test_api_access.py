# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody sees or changes what others own, whatever the route; and roles say what members may do."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from packetd_process import Packetd
from people import Person, add_person, join

from packetd.api import api_routes

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIt8L0Yx3pZy8cW7E0m3wX1p7fJ4qC5b7w1yW3f4oX0a someone@host"
# What everybody sees: the catalogue.
PUBLIC = {"plans", "facilities", "metros", "locations", "operating-systems", "market"}


def said(person: Person, method: str, path: str) -> tuple[int, str]:
    """What a call answers, as text to search in."""
    status, answer = person.call(method, path, None if method in ("GET", "DELETE") else {})
    return status, json.dumps(answer)


@pytest.fixture(scope="module")
def ann(server: Packetd) -> Person:
    return add_person(server, "Ann", "anns")


@pytest.fixture(scope="module")
def bob(server: Packetd) -> Person:
    return add_person(server, "Bob", "bobs")


@pytest.fixture(scope="module")
def guest(server: Packetd) -> Person:
    """Somebody without anything of their own."""
    return add_person(server, "Guest")


@pytest.fixture(scope="module")
def owner(server: Packetd) -> Person:
    """The administrator."""
    return Person(server, server.call("GET", "/user")[1]["id"], "admin@packetd.invalid", server.token)


@pytest.fixture(scope="module")
def order() -> dict[str, Any]:
    return {"hostname": "a", "plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}


@pytest.fixture(scope="module")
def anns(ann: Person, order: dict[str, Any]) -> dict[str, str]:
    """One thing of Ann's of every kind: its id, by a name that ends in the word before it in a path."""
    project = ann.make("/projects", {"name": "anns"})
    at = f"/projects/{project['id']}"
    (batch,) = ann.make(f"{at}/devices/batch", {"batches": [order]})["batches"]
    device = ann.make(f"{at}/devices", order)
    address = ann.make(f"{at}/ips", {"type": "public_ipv4", "metro": "sv"})
    assignment = ann.make(f"/devices/{device['id']}/ips", {"address": address["address"]})
    target = ann.make("/organizations", {"name": "anns other"})
    ann.make(f"{at}/transfers", {"target_organization_id": target["id"]})
    ann.make(f"{at}/ssh-keys", {"label": "anns", "key": KEY})
    vlan = ann.make(f"{at}/virtual-networks", {"metro": "sv"})
    volume = ann.make(f"{at}/storage", {"facility": "ewr1", "plan": "storage_1", "size": 10})
    bid = {"max_bid_price": 0.01, "devices_max": 1, "devices_min": 1, "instance_parameters": order}
    spot = ann.make(f"{at}/spot-market-requests", {**bid, "facilities": ["sv15"]})
    ann.call("POST", f"{at}/bgp-configs", {"deployment_type": "local", "asn": 65000})
    session = ann.make(f"/devices/{device['id']}/bgp/sessions", {"address_family": "ipv4"})
    made = {
        "batches": batch["id"],
        "virtual-networks": vlan["id"],
        "storage": volume["id"],
        "spot-market-requests": spot["id"],
        "sessions": session["id"],
        "assigned ips": assignment["id"],
        "own ssh-keys": ann.make("/ssh-keys", {"label": "anns", "key": KEY})["id"],
        "api-keys": ann.make("/user/api-keys", {"description": "anns"})["id"],
        "project api-keys": ann.make(f"{at}/api-keys", {})["id"],
        "invitations": ann.make(f"{at}/invitations", {"invitee": "carl@example.test"})["id"],
    }
    return {**_found_by_following_references(ann), **made}


def _found_by_following_references(person: Person) -> dict[str, str]:
    """The first thing of each kind, by the word before its id."""
    found: dict[str, str] = {}
    waiting = _lists()
    while waiting:
        _, text = said(person, "GET", waiting.pop())
        for href, kind, id_ in re.findall(r'"href": "([^"?]*/([a-z-]+)/([0-9a-f-]{36}))"', text):
            if kind not in PUBLIC and kind not in found:
                found[kind] = id_
                waiting.append(href)
    return found


def _lists() -> list[str]:
    """Paths that are read without an id."""
    return [route.path for route in api_routes() if "GET" in (route.methods or ()) and "{" not in route.path]


def _routes_of_things() -> Iterator[tuple[str, str]]:
    for route in api_routes():
        if "{" in route.path and route.path.split("/")[1] not in PUBLIC:
            yield from ((method, route.path) for method in route.methods or () if method != "HEAD")


def _fitting(path: str, things: dict[str, str], turn: int) -> list[tuple[str, str]]:
    """The things that are meant by a path, and in turn one that is not."""
    word = path.partition("/{")[0].rpartition("/")[2]
    meant = [(kind, id_) for kind, id_ in things.items() if kind.split()[-1] == word]
    others = [item for item in things.items() if item not in meant]
    return [*meant, others[turn % len(others)]]


def test_no_route_ever_shows_what_others_own(bob: Person, anns: dict[str, str]) -> None:
    expected = (
        "projects devices batches ips ssh-keys organizations members memberships transfers events users"
    )
    assert set(f"{expected} emails notifications ports".split()) <= set(anns)
    wrong, turn = [], itertools.count()
    for method, path in _routes_of_things():
        for kind, id_ in _fitting(path, anns, next(turn)):
            status, text = said(bob, method, re.sub("{[^}]*}", id_, path))
            if (status, text) != (404, '{"errors": ["Not found"]}'):
                wrong.append(f"{method} {path} of {kind}: {status} {text[:100]}")
    assert wrong == []


def test_no_list_ever_holds_what_others_own(ann: Person, bob: Person, anns: dict[str, str]) -> None:
    for path in _lists():
        status, text = said(bob, "GET", f"{path}?per_page=1000&include=projects,organization,members,user")
        assert status in (200, 422), f"{path}: {status} {text}"
        assert [kind for kind, id_ in anns.items() if id_ in text] == [], path
    # Ann does see them there: what was looked for can be found.
    shown_to_ann = "".join(said(ann, "GET", f"{path}?per_page=1000")[1] for path in _lists())
    assert {"projects", "organizations", "events", "emails"} <= {
        k for k, id_ in anns.items() if id_ in shown_to_ann
    }


def test_what_others_own_cannot_be_named_in_a_request(
    bob: Person, anns: dict[str, str], order: dict[str, Any]
) -> None:
    project = bob.make("/projects", {"name": "bobs"})["id"]
    for method, path, body in (
        ("POST", "/projects", {"name": "x", "organization_id": anns["organizations"]}),
        ("POST", f"/projects/{project}/devices", {**order, "project_ssh_keys": [anns["ssh-keys"]]}),
        (
            "POST",
            f"/projects/{project}/invitations",
            {"invitee": "a@b.c", "projects_ids": [anns["projects"]]},
        ),
    ):
        status, answer = bob.call(method, path, body)
        assert status == 422, (path, answer)


def test_a_token_of_a_project_reaches_nothing_else(
    server: Packetd, ann: Person, anns: dict[str, str], order: dict[str, Any]
) -> None:
    other = ann.make("/projects", {"name": "other"})["id"]
    key = ann.make(f"/projects/{other}/api-keys", {"description": "ci"})
    assert key["project"]["href"] == f"/projects/{other}"
    token = Person(server, ann.id, ann.email, key["token"])
    assert [item["id"] for item in token.call("GET", "/projects")[1]["projects"]] == [other]
    device = token.make(f"/projects/{other}/devices?include=project,project.organization", order)
    assert set(device["project"]["organization"]) == {"href"}
    for kind, id_ in anns.items():
        method = "DELETE" if kind.endswith("api-keys") else "GET"
        assert token.call(method, f"/{kind.split()[-1]}/{id_}") == (404, {"errors": ["Not found"]}), kind
    assert token.call("DELETE", f"/projects/{other}")[0] == 403
    assert token.call("GET", f"/projects/{other}/api-keys")[0] == 403
    for path in ("/user", "/emails", "/user/api-keys", "/invitations"):
        status, answer = token.call("GET", path)
        assert (status, "belongs to a project" in answer["errors"][0]) == (403, True)
    assert token.call("POST", "/projects", {"name": "x"})[0] == 403
    assert ann.call("DELETE", f"/user/api-keys/{key['id']}")[0] == 204
    assert token.call("GET", "/projects")[0] == 401


CAN = {
    "admin": {"see": 200, "make": 201, "rename": 200, "invite": 201, "keys": 200, "costs": 200},
    "collaborator": {"see": 200, "make": 201, "rename": 403, "invite": 403, "keys": 403, "costs": 200},
    "limited_collaborator": {
        "see": 200,
        "make": 403,
        "rename": 403,
        "invite": 403,
        "keys": 403,
        "costs": 403,
    },
    "billing": {"see": 404, "make": 404, "rename": 404, "invite": 404, "keys": 404, "costs": 200},
}


@pytest.mark.parametrize("role", CAN)
def test_roles(role: str, owner: Person, guest: Person) -> None:
    """Each in an organization of its own, as a role in one is for the organization too."""
    organization = owner.make("/organizations", {"name": role})["id"]
    project = owner.make(f"/organizations/{organization}/projects", {"name": "shared"})["id"]
    at = f"/projects/{project}"
    assert guest.call("GET", at)[0] == 404
    join(guest, owner, project, role)
    done = {
        "see": guest.call("GET", at)[0],
        "make": guest.call("POST", f"{at}/ssh-keys", {"label": "x", "key": KEY})[0],
        "rename": guest.call("PUT", at, {"name": "renamed"})[0],
        "invite": guest.call("POST", f"{at}/invitations", {"invitee": "d@example.test"})[0],
        "keys": guest.call("GET", f"{at}/api-keys")[0],
        "costs": guest.call("GET", f"{at}/usages")[0],
    }
    assert done == CAN[role]


def test_an_invitation_is_for_its_address_alone(ann: Person, bob: Person, guest: Person) -> None:
    project = ann.make("/projects", {"name": "shared"})["id"]
    path = f"/projects/{project}/invitations"
    invitation = ann.make(path, {"invitee": guest.email, "message": "come in"})
    at = f"/invitations/{invitation['id']}"
    # Whoever merely claims the address gets nothing by it.
    assert bob.call("POST", "/emails", {"address": guest.email})[0] == 422
    assert bob.call("GET", at)[0] == bob.call("PUT", at)[0] == 404
    assert ann.call("PUT", at)[0] == 403
    assert [item["id"] for item in guest.call("GET", "/invitations")[1]["invitations"]] == [invitation["id"]]
    _, membership = guest.call("PUT", f"{at}?include=user,project")
    assert membership["roles"] == ["collaborator"]
    assert (membership["user"]["id"], membership["project"]["id"]) == (guest.id, project)
    assert guest.call("GET", at)[0] == 404
    _, members = ann.call("GET", f"/projects/{project}/memberships?search=Guest")
    assert [item["user"]["href"] for item in members["memberships"]] == [f"/users/{guest.id}"]
    assert guest.call("DELETE", f"/memberships/{membership['id']}")[0] == 204
    assert guest.call("GET", f"/projects/{project}")[0] == 404


def test_an_organization_keeps_an_owner(owner: Person, guest: Person) -> None:
    organization = owner.make("/organizations", {"name": "small"})["id"]
    at = f"/organizations/{organization}"
    invitation = owner.make(f"{at}/invitations", {"invitee": guest.email, "roles": ["admin"]})
    assert guest.call("GET", at)[0] == 404
    assert guest.call("PUT", f"/invitations/{invitation['id']}")[0] == 200
    _, answer = guest.call("GET", f"{at}/members?include=user")
    assert {item["user"]["id"]: item["roles"] for item in answer["members"]} == {
        owner.id: ["owner"],
        guest.id: ["admin"],
    }
    status, answer = guest.call("DELETE", f"{at}/members/{owner.id}")
    assert (status, answer["errors"][0].split(";")[0]) == (422, "Cannot remove the only owner")
    assert owner.call("DELETE", f"{at}/members/{guest.id}")[0] == 204
    assert guest.call("GET", at)[0] == 404


def test_a_project_changes_hands_when_both_sides_agree(ann: Person, bob: Person) -> None:
    project = ann.make("/projects", {"name": "given away"})["id"]
    target = bob.make("/organizations", {"name": "takes it"})["id"]
    transfer = ann.make(f"/projects/{project}/transfers", {"target_organization_id": target})
    at = f"/transfers/{transfer['id']}"
    assert ann.call("PUT", at)[0] == 404
    assert bob.call("GET", f"/projects/{project}")[0] == 404
    _, offered = bob.call("GET", f"/organizations/{target}/transfers")
    assert [item["id"] for item in offered["transfers"]] == [transfer["id"]]
    assert bob.call("PUT", at) == (204, None)
    _, answer = bob.call("GET", f"/projects/{project}?include=organization")
    assert answer["organization"]["id"] == target
    assert json.dumps(bob.call("GET", f"/organizations/{target}")[1]["projects"]).count(project) == 1
