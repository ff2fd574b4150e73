# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a server on loopback that answers as it is told."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.packet.kubernetes.plugins.module_utils._packet import errors
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.client import Client
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.connection import (
    OPTIONS,
    TOKEN_VARIABLES,
    Connection,
    ConnectionOptionError,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.paging import PER_PAGE, everything
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.transport import USER_AGENT, Transport
from packet_options import options

TOKEN = "a-token-that-is-long-enough"
Answer = tuple[int, Any, dict[str, str]]


class Server:
    """Answers each request with what `answer` says of its method, its path and its number."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.clients: set[int] = set()
        self.answer: Callable[[str, str, int], Answer] = lambda _method, _path, _number: (200, {}, {})
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.requests.append((self.command, self.path, json.loads(body) if body else None))
                server.headers.append(dict(self.headers))
                server.clients.add(self.client_address[1])
                status, answer, headers = server.answer(self.command, self.path, len(server.requests))
                if status == 0:
                    self.close_connection = True
                    return
                data = (
                    answer
                    if isinstance(answer, bytes)
                    else b""
                    if answer is None
                    else json.dumps(answer).encode()
                )
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 the names that http.server wants

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


def params(url: str | None, **given: Any) -> dict[str, Any]:
    defaults = {
        "api_token": TOKEN,
        "api_timeout": 2.0,
        "api_retries": 2,
        "validate_certs": True,
        "ca_path": None,
    }
    return {"api_url": url, **defaults, **given}


def client(url: str, **given: Any) -> Client:
    return Client(Connection.from_params(params(url, **given)))


def test_a_request_has_token_agent_and_the_base_with_its_path(server: Server) -> None:
    server.answer = lambda _method, _path, _number: (200, {"id": 1}, {})
    assert client(f"{server.url}/metal/v1/").call_api("projects", params={"search": "a b&c"}) == {"id": 1}
    assert server.requests == [("GET", "/metal/v1/projects?search=a+b%26c", None)]
    assert server.headers[0]["X-Auth-Token"] == TOKEN
    assert server.headers[0]["User-Agent"].startswith("packet.kubernetes/")


def test_the_agent_names_the_version_of_the_collection() -> None:
    galaxy = yaml.safe_load((Path(__file__).parents[3] / "galaxy.yml").read_text())
    assert f"packet.kubernetes/{galaxy['version']} " == USER_AGENT


def test_requests_share_a_connection(server: Server) -> None:
    packet = client(server.url)
    for _ in range(5):
        packet.call_api("plans")
    assert len(server.clients) == 1


def test_methods_of_packet_python_work_over_it(server: Server) -> None:
    server.answer = lambda _method, _path, _number: (
        200,
        {"metros": [{"id": "1", "code": "sv", "name": "S", "country": "US"}]},
        {},
    )
    manager = Transport(Connection.from_params(params(server.url)))
    assert [metro.code for metro in manager.list_metros()] == ["sv"]  # type: ignore[no-untyped-call]


def test_what_takes_long_to_import_is_imported_with_the_first_request() -> None:
    heavy = "{'requests', 'urllib3', 'packet', 'cryptography', 'yaml'}"
    modules = Path(__file__).parents[3] / "plugins" / "modules"
    package = "ansible_collections.packet.kubernetes.plugins.modules"
    imported = "\n".join(f"import {package}.{path.stem}" for path in sorted(modules.glob("*.py")))
    code = f"import sys\n{imported}\nprint(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_may_be_repeated_is_repeated(server: Server, method: str, status: int) -> None:
    server.answer = lambda _method, _path, number: (status if number < 2 else 200, {"id": 1}, {})
    assert client(server.url).call_api("things/1", method, {}) == {"id": 1}
    assert len(server.requests) == 2


def test_an_order_is_not_repeated_after_a_fault(server: Server) -> None:
    server.answer = lambda _method, _path, _number: (503, {"errors": ["There are no servers"]}, {})
    with pytest.raises(errors.ServerFaultError, match=r"503.*There are no servers"):
        client(server.url).call_api("projects/1/devices", "POST", {})
    assert len(server.requests) == 1


def test_an_order_refused_for_haste_is_repeated_when_the_api_says(server: Server) -> None:
    server.answer = lambda _method, _path, number: (
        (429, {"errors": ["slow down"]}, {"Retry-After": "1"}) if number < 2 else (201, {"id": 1}, {})
    )
    started = time.monotonic()
    client(server.url).call_api("projects/1/devices", "POST", {})
    assert time.monotonic() - started >= 1
    assert len(server.requests) == 2


def test_an_order_whose_connection_breaks_is_not_repeated(server: Server) -> None:
    server.answer = lambda _method, _path, _number: (0, None, {})
    with pytest.raises(errors.UnreachableError):
        client(server.url).call_api("projects/1/devices", "POST", {})
    assert len(server.requests) == 1


def test_it_gives_up_and_says_so(server: Server) -> None:
    server.answer = lambda _method, _path, _number: (502, None, {})
    with pytest.raises(errors.ServerFaultError, match="GET plans: the Packet API answered 502"):
        client(server.url).call_api("plans")
    assert len(server.requests) == 3


def test_an_answer_that_does_not_come_is_not_waited_for(server: Server) -> None:
    release = threading.Event()

    def late(_method: str, _path: str, _number: int) -> Answer:
        release.wait(5)
        return 200, {}, {}

    server.answer = late
    with pytest.raises(
        errors.UnreachableError, match=r"no answer from http://.* within 0\.2 s \(api_timeout\)"
    ):
        client(server.url, api_timeout=0.2, api_retries=0).call_api("plans")
    release.set()


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(
        errors.UnreachableError,
        match=r"GET plans: cannot reach the Packet API at http://127.0.0.1:1 \(api_url\): "
        r"Connection refused$",
    ):
        client("http://127.0.0.1:1", api_retries=0).call_api("plans")


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (
            401,
            {"error": "Invalid authentication token"},
            errors.UnauthorizedError,
            "Invalid authentication token; the token came from the option api_token; "
            "is it one of this API's tokens?",
        ),
        (
            401,
            None,
            errors.UnauthorizedError,
            "the Packet API answered 401; the token came from the option api_token; "
            "is it one of this API's tokens?",
        ),
        (
            403,
            {"errors": ["You are not allowed"]},
            errors.ForbiddenError,
            "You are not allowed; the token from the option api_token has no access to it",
        ),
        (
            403,
            None,
            errors.ForbiddenError,
            "the Packet API answered 403; the token from the option api_token has no access to it",
        ),
        (404, {"errors": ["Not found"]}, errors.NotFoundError, "Not found"),
        (404, None, errors.NotFoundError, "the Packet API answered 404"),
        (422, {"errors": ["a is wrong", "b is missing"]}, errors.InvalidError, "a is wrong; b is missing"),
        (
            422,
            {"errors": {"plan": ["is wrong", "is old"], "tags": "too long"}},
            errors.InvalidError,
            "plan: is wrong, is old; tags: too long",
        ),
        (
            422,
            {"errors": [{"plan": "is wrong", "metro": "is far"}]},
            errors.InvalidError,
            "plan: is wrong, metro: is far",
        ),
        (422, {}, errors.InvalidError, "the Packet API answered 422"),
        (400, ["odd"], errors.InvalidError, "the Packet API answered 400"),
        (429, None, errors.ServerFaultError, "the Packet API answered 429; try again later"),
        (
            500,
            {"errors": ["out of order"]},
            errors.ServerFaultError,
            "the Packet API answered 500; out of order; try again later",
        ),
    ],
)
def test_each_refusal_has_an_error_of_its_own(
    server: Server, status: int, body: Any, error: type[errors.ApiError], text: str
) -> None:
    server.answer = lambda _method, _path, _number: (status, body, {})
    with pytest.raises(error) as caught:
        client(server.url, api_retries=0).call_api("thing")
    assert str(caught.value) == f"GET thing: {text}"


def test_a_body_is_sent_as_json(server: Server) -> None:
    client(server.url).call_api("/things", "POST", {"a": [1]})
    assert server.requests == [("POST", "/things", {"a": [1]})]


def test_an_answer_that_is_no_json_is_none_or_a_fault(server: Server) -> None:
    server.answer = lambda _method, _path, _number: (200, b"<p>", {"Content-Type": "text/html"})
    assert client(server.url).call_api("things") is None
    server.answer = lambda _method, _path, _number: (200, b"<p>", {})
    with pytest.raises(errors.ServerFaultError) as caught:
        client(server.url).call_api("things")
    assert str(caught.value) == "GET /things: the answer is not the JSON it says it is"


@pytest.mark.parametrize(
    ("given", "verify"),
    [
        ({}, True),
        ({"ca_path": "/etc/ca.crt"}, "/etc/ca.crt"),
        ({"validate_certs": False}, False),
        ({"validate_certs": False, "ca_path": "/etc/ca.crt"}, False),
    ],
)
def test_certificates_are_checked_unless_told_otherwise(given: dict[str, Any], verify: bool | str) -> None:
    connection = Connection.from_params(params("https://api/", **given))
    assert (connection.url, connection.verify) == ("https://api", verify)


def test_what_is_gone_already_is_removed(server: Server) -> None:
    server.answer = lambda _method, _path, _number: (404, None, {})
    client(server.url).remove("things/1")
    assert server.requests == [("DELETE", "/things/1", None)]
    server.answer = lambda _method, _path, _number: (422, None, {})
    with pytest.raises(errors.InvalidError, match="DELETE things/1: the Packet API answered 422"):
        client(server.url).remove("things/1")


@pytest.mark.parametrize(
    ("variable", "origin"),
    [(None, "the option api_token"), ("PACKET_AUTH_TOKEN", "the environment variable PACKET_AUTH_TOKEN")],
)
def test_a_wrong_token_is_said_with_its_origin(
    server: Server, monkeypatch: pytest.MonkeyPatch, variable: str | None, origin: str
) -> None:
    if variable:
        monkeypatch.setenv(variable, TOKEN)
    server.answer = lambda _method, _path, _number: (401, {"error": "Invalid authentication token"}, {})
    with pytest.raises(errors.UnauthorizedError, match=f"the token came from {origin}"):
        client(server.url).call_api("user")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"url": None},
            "api_url is not set: give the URL of a Packet API in the option api_url "
            "or in the environment variable PACKET_API_URL or METAL_API_URL$",
        ),
        (
            {"url": "http://api", "api_token": None},
            "api_token is not set: give a token of that API in the option api_token or in the environment "
            "variable PACKET_API_TOKEN, PACKET_AUTH_TOKEN, METAL_API_TOKEN, METAL_AUTH_TOKEN "
            "or PACKET_API_TOKEN_FILE$",
        ),
        ({"url": "api.example.com"}, "api_url is 'api.example.com', which is no URL"),
        ({"url": "ftp://api.example.com"}, "wanted is http:// or https://"),
    ],
)
def test_options_that_cannot_be_are_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ConnectionOptionError, match=text):
        Connection.from_params(params(**given))


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("a-token-out-of-a-file\n")
    return path


def chosen(**given: Any) -> tuple[str, str]:
    """The token that is used and where it came from."""
    connection = Connection.from_params(params("http://api", **given))
    return connection.token, connection.token_origin


def test_a_token_may_be_in_a_file(token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_file = ("a-token-out-of-a-file", f"the file {token_file}")
    assert chosen(api_token=None, api_token_file=str(token_file)) == of_file
    # What a task says prevails over the environment, which may have both too.
    monkeypatch.setenv("PACKET_API_TOKEN", TOKEN)
    assert chosen(api_token_file=str(token_file)) == of_file
    monkeypatch.setenv("PACKET_API_TOKEN_FILE", str(token_file))
    assert chosen(api_token_file=str(token_file)) == (TOKEN, "the environment variable PACKET_API_TOKEN")
    monkeypatch.delenv("PACKET_API_TOKEN")
    assert chosen(api_token_file=str(token_file)) == (TOKEN, "the option api_token")


def test_the_first_variable_that_is_set_prevails(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TOKEN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in reversed(TOKEN_VARIABLES):
        monkeypatch.setenv(name, f"the-token-of-{name}")
        given = options(OPTIONS, api_url="http://api")
        connection = Connection.from_params(given)
        assert (connection.token, connection.token_origin) == (
            f"the-token-of-{name}",
            f"the environment variable {name}",
        )


def test_a_token_and_a_file_at_once_are_refused(token_file: Path) -> None:
    with pytest.raises(ConnectionOptionError, match="api_token and api_token_file are both given"):
        chosen(api_token_file=str(token_file))


@pytest.mark.parametrize("content", [b"", b"  \n", b"one\ntwo", b"\xff", "\u00e4".encode()])
def test_a_file_without_a_token_is_named(token_file: Path, content: bytes) -> None:
    token_file.write_bytes(content)
    with pytest.raises(ConnectionOptionError, match=f"api_token_file {token_file}") as refusal:
        chosen(api_token=None, api_token_file=str(token_file))
    assert "two" not in str(refusal.value)
    token_file.write_bytes(b"\xff")
    with pytest.raises(ConnectionOptionError, match=r"cannot be read: it is no text$"):
        chosen(api_token=None, api_token_file=str(token_file))
    token_file.unlink()
    with pytest.raises(ConnectionOptionError, match="cannot be read: No such file"):
        chosen(api_token=None, api_token_file=str(token_file))


def test_the_token_is_not_in_what_is_printed_of_a_connection() -> None:
    assert TOKEN not in repr(Connection.from_params(params("http://api")))


def test_all_pages_are_read(server: Server) -> None:
    def page(_method: str, path: str, _number: int) -> Answer:
        number = int(
            path.partition("&page=")[2].partition("&")[0] or path.partition("?page=")[2].partition("&")[0]
        )
        items = [{"id": n} for n in range((number - 1) * PER_PAGE, min(number * PER_PAGE, 950))]
        return 200, {"devices": items, "meta": {"total": 950, "current_page": number, "last_page": 10}}, {}

    server.answer = page
    assert [item["id"] for item in everything(client(server.url), "projects/1/devices", "devices")] == [
        *range(950)
    ]
    assert len(server.requests) == 10


def test_a_list_that_changes_meanwhile_is_read_anew(server: Server) -> None:
    def page(_method: str, path: str, number: int) -> Answer:
        total = 2 if number == 1 else 3
        return 200, {"devices": [{"id": path}], "meta": {"total": total, "last_page": 2}}, {}

    server.answer = page
    assert len(everything(client(server.url), "projects/1/devices", "devices")) == 2
    assert len(server.requests) == 4


def test_a_list_that_never_stands_still_is_an_error(server: Server) -> None:
    server.answer = lambda _method, _path, number: (
        200,
        {"devices": [], "meta": {"total": number, "last_page": 2}},
        {},
    )
    with pytest.raises(errors.ServerFaultError) as caught:
        everything(client(server.url), "projects/1/devices", "devices")
    text = "GET projects/1/devices: the list kept changing while its pages were read, 5 times"
    assert str(caught.value) == text
    assert len(server.requests) == 10


def test_a_list_that_does_not_say_how_long_it_is_has_one_page(server: Server) -> None:
    server.answer = lambda _method, _path, _number: (200, {"plans": [{"id": 1}], "meta": {"total": 1}}, {})
    assert everything(client(server.url), "plans", "plans") == [{"id": 1}]
    assert len(server.requests) == 1


def test_a_list_without_pages_is_read_as_it_is(server: Server) -> None:
    server.answer = lambda _method, _path, _number: (200, {"plans": [{"id": 1}]}, {})
    assert everything(client(server.url), "plans", "plans") == [{"id": 1}]


def test_one_page_that_fails_fails_the_list(server: Server) -> None:
    def page(_method: str, _path: str, number: int) -> Answer:
        return (200 if number == 1 else 404), {"plans": [], "meta": {"total": 3, "last_page": 3}}, {}

    server.answer = page
    with pytest.raises(errors.NotFoundError):
        everything(client(server.url), "plans", "plans")
