# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages over HTTP: who gets to see what, and that nothing of what is shown is ever run."""

from __future__ import annotations

import html
import json
import re
import subprocess
from typing import Any

import pytest
import requests
from markupsafe import escape
from packetd_process import Packetd
from people import Person, add_person

ROOT = "/_packetd/web"
HOSTILE = """<script>alert("1")</script>'&"""


class Reader:
    """A browser without scripts: it keeps cookies, and follows nothing."""

    def __init__(self, server: Packetd) -> None:
        self.server = server
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Accept"] = "text/html,*/*;q=0.8"

    def get(self, path: str, **headers: str) -> requests.Response:
        url = self.server.api_url + path
        return self.http.get(url, headers=headers, allow_redirects=False, timeout=60)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> requests.Response:
        headers = {"Origin": self.server.api_url, **headers}
        url = self.server.api_url + path
        return self.http.post(url, data=fields, headers=headers, allow_redirects=False, timeout=60)

    def sign_in(self, token: str) -> requests.Response:
        return self.post(f"{ROOT}/login", {"token": token})

    def page(self, path: str) -> str:
        """What must be there."""
        answer = self.get(ROOT + path)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def reader(server: Packetd) -> Reader:
    """Somebody who is not signed in."""
    return Reader(server)


@pytest.fixture
def owner(reader: Reader) -> Reader:
    assert reader.sign_in(reader.server.token).status_code == 303
    return reader


@pytest.fixture
def device(server: Packetd, project: str, order: dict[str, Any]) -> dict[str, Any]:
    order.update(tags=[HOSTILE], description=HOSTILE)
    status, device = server.call("POST", f"/projects/{project}/devices", order)
    assert status == 201
    return dict(device)


def test_the_start_page_is_for_browsers_alone(reader: Reader) -> None:
    answer = reader.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<b>simulated</b>" in answer.text
    nothing = {"errors": ["Not found"]}
    for path, headers in (
        ("/", {"Accept": "application/json"}),
        ("/", {"Accept": "*/*"}),
        ("/", {"X-Auth-Token": reader.server.token}),
        ("/", {"Authorization": f"Bearer {reader.server.token}"}),
        ("/metal/v1", {}),
        ("/metal/v1/", {}),
        (f"/metal/v1{ROOT}/projects", {}),
    ):
        answer = reader.get(path, **headers)
        assert (answer.status_code, answer.json()) == (404, nothing), (path, headers)


def test_a_session_cookie_says_nothing_and_goes_nowhere(reader: Reader) -> None:
    token = reader.server.token
    answer = reader.sign_in(token)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ROOT}/projects")
    cookie = answer.headers["set-cookie"]
    assert {part.strip() for part in cookie.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=strict"}
    for path in ("/", f"{ROOT}/projects", f"{ROOT}/docs"):
        assert token not in reader.get(path).text
    assert token not in cookie + str(answer.headers)
    assert token not in reader.server.log.read_text()


def test_behind_tls_the_cookie_is_for_tls_alone(reader: Reader) -> None:
    origin = reader.server.api_url.replace("http:", "https:")
    answer = reader.post(f"{ROOT}/login", {"token": reader.server.token}, Origin=origin)
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("token", ["", "wrong", "\0", HOSTILE, "x" * 100_000])
def test_a_wrong_token_opens_nothing(reader: Reader, token: str) -> None:
    answer = reader.sign_in(token)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "There is no such token" in answer.text
    assert 'value="' not in answer.text
    for path in ("/projects", "/devices", "/events", "/projects/x", "/devices/x"):
        answer = reader.get(ROOT + path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert reader.get(ROOT + path, **{"X-Packetd-Live": "1"}).status_code == 401


def test_a_token_in_a_header_is_no_session(reader: Reader) -> None:
    assert reader.get(f"{ROOT}/projects", **{"X-Auth-Token": reader.server.token}).status_code == 303


def test_whoever_signs_out_is_out(owner: Reader) -> None:
    (cookie,) = owner.http.cookies
    answer = owner.post(f"{ROOT}/logout", {})
    assert (answer.status_code, answer.headers["location"], list(owner.http.cookies)) == (303, "/", [])
    owner.http.cookies.set_cookie(cookie)
    assert owner.get(f"{ROOT}/projects").status_code == 303


def test_forms_of_other_sites_do_nothing(owner: Reader) -> None:
    for origin in ("https://elsewhere.example", "null", "", "http://127.0.0.1:1"):
        for path in ("login", "logout"):
            answer = owner.post(f"{ROOT}/{path}", {"token": owner.server.token}, Origin=origin)
            assert (answer.status_code, "set-cookie" in answer.headers) == (403, False), (origin, path)
    assert owner.page("/projects")


def test_a_token_that_is_revoked_shows_nothing_more(server: Packetd, reader: Reader) -> None:
    ann = add_person(server, "Ann", "anns")
    assert reader.sign_in(ann.token).status_code == 303
    assert ann.email in reader.page("/projects")
    (key,) = ann.call("GET", "/user/api-keys")[1]["api_keys"]
    assert ann.call("DELETE", f"/user/api-keys/{key['id']}")[0] == 204
    assert reader.get(f"{ROOT}/projects").status_code == 303


def test_sessions_end_with_the_server(packetd: Packetd) -> None:
    reader = Reader(packetd)
    reader.sign_in(packetd.token)
    assert reader.get(f"{ROOT}/projects").status_code == 200
    port = packetd.api_url.rpartition(":")[2]
    packetd.restart("--api", f"127.0.0.1:{port}")
    assert reader.get(f"{ROOT}/projects").status_code == 303


def test_everything_shown_is_text(owner: Reader, project: str, device: dict[str, Any]) -> None:
    owner.server.call("PUT", f"/projects/{project}", {"name": HOSTILE})
    owner.server.wait_for_state(device["id"], "active")
    for path in ("/projects", f"/projects/{project}", "/devices", f"/devices/{device['id']}", "/events"):
        page = owner.page(path)
        assert "<script>" not in page
        # The one script of our own, by its address.
        assert re.findall(r"<script[^>]*>", page) == re.findall(
            rf'<script src="{ROOT}/live.js\?\w+" defer>', page
        )
        assert " style=" not in page
        assert re.findall(r"\son\w+=", page) == []
    shown = str(escape(HOSTILE))
    assert owner.page(f"/devices/{device['id']}").count(shown) == 3
    page = owner.page("/devices?search=%22%3E%3Cscript%3E")
    assert "<script>" not in page
    assert 'value="&#34;&gt;&lt;script&gt;"' in page


def test_no_page_shows_what_others_own(server: Packetd, project: str, device: dict[str, Any]) -> None:
    ann, reader = add_person(server, "Ann", "anns"), Reader(server)
    own = ann.make("/projects", {"name": "only anns"})["id"]
    assert reader.sign_in(ann.token).status_code == 303
    assert "only anns" in reader.page("/projects")
    for path in ("/projects", "/devices", "/events", "/devices?search=node", f"/projects/{own}"):
        page = reader.page(path)
        assert [id_ for id_ in (project, device["id"], device["hostname"]) if id_ in page] == [], path
    for path in (f"/projects/{project}", f"/devices/{device['id']}", "/projects/nobodys", "/devices/nobodys"):
        answer = reader.get(ROOT + path)
        assert (answer.status_code, "<h1>Not Found</h1>" in answer.text) == (404, True), path


def test_a_token_of_a_project_sees_that_alone(
    server: Packetd, project: str, device: dict[str, Any], order: dict[str, Any]
) -> None:
    owner = Person(server, "", "", server.token)
    other = owner.make("/projects", {"name": "the other"})["id"]
    owner.make(f"/projects/{other}/devices", {**order, "hostname": "elsewhere"})
    key = owner.make(f"/projects/{project}/api-keys", {"read_only": True})
    reader = Reader(server)
    assert reader.sign_in(key["token"]).status_code == 303
    assert "project tests" in reader.page("/projects")
    for path in ("/projects", "/devices", "/events"):
        page = reader.page(path)
        assert other not in page
        assert "elsewhere" not in page
    assert device["id"] in reader.page("/devices")
    assert reader.get(f"{ROOT}/projects/{other}").status_code == 404


def test_every_answer_says_what_a_browser_may_do_with_it(
    owner: Reader, project: str, device: dict[str, Any]
) -> None:
    files = re.findall(rf'"({ROOT}/[^"]+\?\w+)"', owner.page("/projects"))
    assert len(files) == 3
    pages = ["/", *(ROOT + path for path in ("/projects", "/docs", "/devices/none", f"/projects/{project}"))]
    for path in (*pages, *files):
        answer = owner.get(path)
        policy = dict(
            part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert set(policy.values()) == {"'none'", "'self'"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        kept = "public, max-age=31536000, immutable" if path in files else "no-store"
        assert answer.headers["cache-control"] == kept


def test_a_part_of_a_page_is_what_changes_of_it(owner: Reader, project: str) -> None:
    whole = owner.page(f"/projects/{project}")
    part = owner.get(f"{ROOT}/projects/{project}", **{"X-Packetd-Live": "1"}).text
    assert part.startswith('<div id="live">')
    assert "No devices." in part
    assert "<html" not in part
    there = whole[whole.index('<div id="live">') :].partition("</main>")[0]
    # What was a second ago may be two by now.
    assert re.sub(r">\d+ s<", "><", part).split() == re.sub(r">\d+ s<", "><", there).split()


def test_many_devices_come_in_pages(server: Packetd, order: dict[str, Any]) -> None:
    ann, reader = add_person(server, "Ann", "anns"), Reader(server)
    project = ann.make("/projects", {"name": "big"})["id"]
    batch = {**order, "hostname": "many-{{index}}", "quantity": 120}
    ann.make(f"/projects/{project}/devices/batch", {"batches": [batch]})
    reader.sign_in(ann.token)
    for start in (f"/projects/{project}", "/devices"):
        seen: list[str] = []
        path: str | None = ROOT + start
        pages = 0
        while path is not None:
            page = reader.get(path).text
            pages += 1
            seen += re.findall(rf'href="{ROOT}/devices/[^"]+">(many-\d+)<', page.partition("<h2>What")[0])
            following = re.search(r'<a href="([^"]+)">Next</a>', page)
            path = html.unescape(following[1]) if following else None
        assert (pages, len(seen), len(set(seen))) == (3, 120, 120)
    assert "page 3 of 3" in reader.page("/devices?page=3")
    assert "No devices." in reader.page("/devices?page=4")
    assert ">many-119<" in reader.page("/devices?search=many-119&state=")
    assert reader.get(f"{ROOT}/devices?page=x").status_code == 422


def test_pages_work_while_calls_fail_and_are_limited(packetd: Packetd) -> None:
    packetd.restart("--rate-limit", "5")
    reader = Reader(packetd)
    assert reader.sign_in(packetd.token).status_code == 303
    assert packetd.command("fault", "add", "error", "--status", "503", "--route", "* /**").returncode == 0
    packetd.wait("/user", lambda status, _answer: status in (503, 429))
    for _ in range(10):
        assert reader.get(f"{ROOT}/projects").status_code == 200
        assert reader.get("/").status_code == 200


@pytest.fixture(scope="module")
def reference(server: Packetd) -> str:
    """Which everybody may read."""
    return Reader(server).page("/docs")


def test_the_reference_has_every_call_and_every_object(server: Packetd, reference: str) -> None:
    _, document = server.call("GET", "/openapi.json")
    told = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len(told) > 200
    assert [item["operationId"] for item in told if f'id="{item["operationId"]}"' not in reference] == []
    objects = document["components"]["schemas"]
    assert [name for name in objects if f'id="object-{name}"' not in reference] == []


def test_every_link_in_the_reference_leads_somewhere(reference: str) -> None:
    ids = re.findall(r' id="([^"]+)"', reference)
    assert len(ids) == len(set(ids))
    assert [to for to in re.findall(r'href="#([^"]+)"', reference) if to not in ids] == []


def run_example(server: Packetd, reference: str, operation: str, **words: str) -> Any:
    """Runs the line that the reference gives, with its words in capitals replaced."""
    section = reference.partition(f'id="{operation}"')[2]
    found = re.search("<pre[^>]*><code>(.*?)</code>", section, re.DOTALL)
    assert found
    line = html.unescape(found[1])
    for word, value in words.items():
        line = re.sub(rf"\b{word}\b", value, line)
    environment = {
        "PACKET_API_TOKEN": server.token,
        "PACKET_API_URL": server.api_url,
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout) if done.stdout else None


def test_the_examples_of_the_reference_do_what_they_say(server: Packetd, reference: str) -> None:
    made = run_example(server, reference, "projects.create")
    assert made["name"] == "NAME"
    listed = run_example(server, reference, "projects.index")
    assert made["id"] in [project["id"] for project in listed["projects"]]
    assert run_example(server, reference, "projects.show", ID=made["id"])["id"] == made["id"]
    renamed = run_example(server, reference, "projects.update", ID=made["id"], NAME="renamed")
    assert renamed["name"] == "renamed"
    assert run_example(server, reference, "projects.remove", ID=made["id"]) is None
