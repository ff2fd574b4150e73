# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow, dead, greedy and malformed clients, beside one that behaves."""

from __future__ import annotations

import json
import os
import select
import socket
import ssl
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from packetd_process import Packetd

CONNECTIONS = 400
LARGEST = 100_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packetd]:
    process = Packetd(tmp_path_factory.mktemp("server") / "packetd")
    limits = ("--connections", str(CONNECTIONS), "--request-bytes", str(LARGEST), "--request-seconds", "2")
    process.start(*limits)
    yield process
    process.stop()


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def head(server: Packetd, method: str, path: str, *headers: str) -> bytes:
    lines = (f"{method} {path} HTTP/1.1", "Host: api", f"X-Auth-Token: {server.token}", *headers)
    return "\r\n".join((*lines, "", "")).encode()


def answer(connection: socket.socket) -> tuple[int, Any]:
    """What the server says before it closes the connection."""
    content = b""
    while chunk := connection.recv(65536):
        content += chunk
    status, _, rest = content.partition(b"\r\n")
    return int(status.split()[1]), json.loads(rest.partition(b"\r\n\r\n")[2])


def quick_call(server: Packetd, token: str | None = None) -> float:
    """Seconds that a call takes which has nothing to wait for."""
    began = time.monotonic()
    assert server.call("GET", "/user", token=token)[0] == 200
    return time.monotonic() - began


def files(server: Packetd) -> int:
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def settles(server: Packetd, most: int) -> None:
    """Wait until the server has no more than so many files and connections open."""
    deadline = time.monotonic() + 60
    while files(server) > most:
        assert time.monotonic() < deadline, f"{files(server)} files are open, not {most}"
        time.sleep(0.1)


SLOW = {
    "nothing": b"",
    "half a head": b"POST /projects HTTP/1.1\r\nHost: a",
    "half a body": b'POST /projects HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n{"name": ',
    "half a chunk": b"POST /projects HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n90\r\n{",
}


@pytest.mark.parametrize("begun", SLOW.values(), ids=SLOW)
def test_hundreds_of_slow_clients_hold_up_nobody(server: Packetd, begun: bytes) -> None:
    before = files(server)
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(server.api_url)) for _ in range(300)]
        for connection in slow:
            connection.sendall(begun)
        taken = [quick_call(server) for _ in range(15)]
        assert statistics.median(taken) < 0.5
        # Their time is limited, and most are told.
        if begun:
            assert {answer(connection)[0] for connection in slow} == {408}
        settles(server, before + 20)


def test_a_trickle_does_not_extend_the_time(server: Packetd) -> None:
    with connect(server.api_url) as connection:
        connection.sendall(head(server, "GET", "/user")[:-2])
        began = time.monotonic()
        while time.monotonic() < began + 10 and not select.select([connection], [], [], 0.1)[0]:
            connection.sendall(b"A: b\r\n")
        assert answer(connection)[0] == 408
    assert time.monotonic() - began < 5


def test_when_all_connections_are_taken_the_idle_make_room(server: Packetd) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS + 50):
            stack.enter_context(connect(server.api_url))
        assert quick_call(server) < 2
        assert files(server) < CONNECTIONS + 100


def test_who_does_not_take_the_answer_is_cut_off(server: Packetd) -> None:
    before = files(server)
    other = server.command("token", "create").stdout.strip()
    with ExitStack() as stack:
        for _ in range(50):
            connection = stack.enter_context(connect(server.api_url))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(head(server, "GET", "/plans") * 40)
        assert statistics.median(quick_call(server, other) for _ in range(5)) < 2
        settles(server, before + 10)


def test_who_hangs_up_leaves_nothing(server: Packetd) -> None:
    before = files(server)
    for begun in SLOW.values():
        for _ in range(20):
            connect(server.api_url).close()
            with connect(server.api_url) as connection:
                connection.sendall(begun)
    settles(server, before + 5)


def test_bodies_that_are_too_large(server: Packetd) -> None:
    size = len(json.dumps({"name": ""}))
    # The largest that is accepted arrives at the rules for names.
    assert server.call("POST", "/projects", {"name": "x" * (LARGEST - size)})[0] == 422
    status, told = server.call("POST", "/projects", {"name": "x" * (LARGEST - size + 1)})
    assert (status, told["errors"]) == (413, [f"The body is larger than {LARGEST} bytes"])
    assert server.call("POST", "/projects", {"name": "x" * 20 * LARGEST})[0] == 413


def test_a_body_that_is_too_large_and_does_not_say_so(server: Packetd) -> None:
    with requests.Session() as client:
        client.trust_env = False
        answered = client.post(
            f"{server.api_url}/projects",
            data=(b"x" * 10_000 for _ in range(50)),
            headers={"X-Auth-Token": server.token},
            timeout=10,
        )
    assert answered.status_code == 413


def test_who_asks_before_sending_is_told_at_once(server: Packetd) -> None:
    with connect(server.api_url) as connection:
        length = f"Content-Length: {LARGEST * 1000}"
        connection.sendall(head(server, "POST", "/projects", length, "Expect: 100-continue"))
        assert answer(connection)[0] == 413


def test_the_metadata_service_has_the_same_limits(server: Packetd) -> None:
    with connect(server.api_url) as connection:
        connection.sendall(
            b"POST /events HTTP/1.1\r\nHost: metadata.packet.net\r\nContent-Length: 200000\r\n\r\n"
        )
        connection.sendall(b"x" * 200_000)
        assert answer(connection)[0] == 413


def test_headers_that_are_too_large(server: Packetd) -> None:
    with connect(server.api_url) as connection:
        connection.sendall(head(server, "GET", "/user", "A: " + "b" * 70_000)[:-2])
        assert answer(connection)[0] == 431


def test_headers_that_are_too_large_and_arrive_at_once(server: Packetd) -> None:
    with connect(server.api_url) as connection:
        connection.sendall(head(server, "GET", "/user", *(f"A{n}: {'b' * 700}" for n in range(100))))
        assert answer(connection)[0] == 431


@pytest.mark.parametrize("begun", [b"1;", b"0\r\nA: "], ids=["extension", "trailer"])
def test_what_surrounds_chunks_is_too_large(server: Packetd, begun: bytes) -> None:
    with connect(server.api_url) as connection:
        connection.sendall(head(server, "POST", "/projects", "Transfer-Encoding: chunked") + begun)
        while not select.select([connection], [], [], 0.1)[0]:
            connection.sendall(b"a" * 20_000)
        assert answer(connection)[0] == 431


def test_headers_after_a_body_are_nobodys(server: Packetd) -> None:
    with connect(server.api_url) as connection:
        stranger = (
            b"POST /projects HTTP/1.1\r\nHost: api\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        )
        connection.sendall(stranger + f"\r\n0\r\nX-Auth-Token: {server.token}\r\n\r\n".encode())
        assert answer(connection)[0] == 401


@pytest.mark.parametrize("hosts", [[], ["Host: a", "Host: b"]], ids=["none", "two"])
def test_which_site_is_meant_must_be_clear(server: Packetd, hosts: list[str]) -> None:
    with connect(server.api_url) as connection:
        connection.sendall("\r\n".join(["GET /healthz HTTP/1.1", *hosts, "", ""]).encode())
        assert answer(connection)[0] == 400


def test_a_request_before_nonsense_is_answered(server: Packetd) -> None:
    with connect(server.api_url) as connection:
        connection.sendall(head(server, "GET", "/user") + b"hello\r\n\r\n")
        status, told = answer(connection)
    assert (status, "email" in told) == (200, True)


def test_a_protocol_that_is_offered_and_not_taken(server: Packetd) -> None:
    """Some clients offer HTTP/2 with their first request."""
    with connect(server.api_url) as connection:
        connection.sendall(head(server, "GET", "/user", "Connection: Upgrade", "Upgrade: h2c"))
        assert answer(connection)[0] == 200


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"hello\r\n\r\n", b"\0" * 99])
def test_what_is_no_http(server: Packetd, nonsense: bytes) -> None:
    with connect(server.api_url) as connection:
        connection.sendall(nonsense)
        connection.shutdown(socket.SHUT_WR)
        assert answer(connection) == (400, {"errors": ["This is not an HTTP request"]})


def through_proxy(server: Packetd) -> float:
    began = time.monotonic()
    with requests.Session() as client:
        client.trust_env = False
        client.proxies, client.verify = {"https": server.proxy_url}, str(server.ca)
        client.headers["X-Auth-Token"] = server.token
        assert client.get("https://api.packet.net/user", timeout=20).status_code == 200
    return time.monotonic() - began


CONNECT = b"CONNECT api.packet.net:443 HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("begun", [b"", b"CONNECT api", CONNECT, CONNECT + b"\x16\x03\x01"])
def test_slow_clients_of_the_proxy(server: Packetd, begun: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS + 50):
            stack.enter_context(connect(server.proxy_url)).sendall(begun)
        assert statistics.median(through_proxy(server) for _ in range(3)) < 2
    settles(server, 60)


def test_idle_tunnels_end(server: Packetd) -> None:
    context = ssl.create_default_context(cafile=str(server.ca))
    with connect(server.proxy_url) as plain:
        plain.sendall(CONNECT)
        assert plain.recv(1000).startswith(b"HTTP/1.1 200 ")
        with context.wrap_socket(plain, server_hostname="api.packet.net") as tunnel:
            began = time.monotonic()
            assert tunnel.recv(1) == b""
            assert time.monotonic() - began < 10


def test_what_is_not_http_is_logged_once_a_minute(server: Packetd) -> None:
    """Else anybody who reaches the port could fill the disk."""
    told = server.log.read_text().count("Invalid HTTP request")
    for _ in range(50):
        with connect(server.api_url) as connection:
            connection.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
            assert answer(connection)[0] == 400
    lines = [line for line in server.log.read_text().splitlines() if "Invalid HTTP request" in line]
    assert lines
    assert len(lines) <= told + 1
