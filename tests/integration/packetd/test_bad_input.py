# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is sent, it is the client's mistake: never a 5xx, never silence, never a trace in the log."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packetd_process import Packetd
from postgresql_process import PASSWORD

# Capacity that ran out is an answer as good as any: the fuzz may order thousands of devices.
FINE = range(200, 500)
EXHAUSTED = 503

fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packetd]:
    options = ["--workers", "2"]
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "postgresql":
            patch.setenv("PGPASSWORD", PASSWORD)
            options += ["--database", request.getfixturevalue("postgresql").database()]
        process = Packetd(tmp_path_factory.mktemp("server") / "packetd", *options)
        process.start()
        yield process
        process.stop()
    log = process.log.read_text()
    assert "Traceback" not in log, log


@pytest.fixture(scope="module")
def ids(server: Packetd) -> dict[str, list[str]]:
    """Things that are there, by the segment of a path that comes before their id."""
    _, project = server.call("POST", "/projects", {"name": "fuzz"})
    order = {"hostname": "a", "plan": "baremetal_0", "operating_system": "debian_12", "metro": "sv"}
    _, device = server.call("POST", f"/projects/{project['id']}/devices", order)
    _, address = server.call(
        "POST", f"/projects/{project['id']}/ips", {"type": "public_ipv4", "quantity": 4, "metro": "sv"}
    )
    _, organizations = server.call("GET", "/organizations")
    return {
        "projects": [project["id"]],
        "devices": [device["id"]],
        "ips": [address["id"]],
        "organizations": [organizations["organizations"][0]["id"]],
    }


def exchange(server: Packetd, request: bytes, *, ends: bool = False) -> tuple[int, bytes]:
    """Send bytes as they are, and nothing after them when it ``ends``; the answer's status and body."""
    parts = urlsplit(server.api_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall(request)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        content = b""
        while chunk := connection.recv(65536):
            content += chunk
    status, _, rest = content.partition(b"\r\n")
    return int(status.split()[1]), rest.partition(b"\r\n\r\n")[2]


def call(server: Packetd, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
    lines = [f"{method} {target} HTTP/1.1", "Host: api", "Connection: close", f"X-Auth-Token: {server.token}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return exchange(server, "\r\n".join((*lines, "", "")).encode("latin-1") + (body or b""))


def check(answer: tuple[int, bytes], asked: object) -> None:
    status, body = answer
    assert status in FINE or (status == EXHAUSTED and b"left" in body), (asked, status, body[:500])
    if body:
        assert isinstance(json.loads(body), dict | list), (asked, body[:500])


TEXTS = [
    *("", " ", "\0", "a\0b", "'", '"', "';--", "' OR '1'='1", "%", "_", "\\", "../../etc/passwd", "-1"),
    *("\ud800", "\udfff\ud800", "\ufffe", "\u202e", "\U0010ffff", "\r\nX: y", "{{index}}", "{0.x}", "%s"),
    *("1" * 5000, "9" * 20, "1e400", "0x10", "٣", "²", "NaN", "true", "null", "[]", "{}", "[" * 3000),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30", "2026-01-01T00:00:00Z"),
    *(
        "0.0.0.0/0",
        "255.255.255.255/32",
        "1.2.3.4/33",
        "::/0",
        "::1",
        "fe80::1%eth0",
        "10.0.0.1/255.0.0.0",
    ),
    *("ssh-ed25519 AAAA", "ssh-rsa", "#!ipxe", "a" * 100_000, "any", "sv", "ny5", "next-available"),
]
ODD_TEXTS = st.sampled_from(TEXTS)
SHAPES: list[Any] = [None, True, False, [], {}, [[]], [None], {"": None}]
NUMBERS = [0, -1, 1, 2, 31, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 1.5, -0.0, 1e308]
ODD_NUMBERS = st.sampled_from(NUMBERS)
SCALARS = st.one_of(
    st.none(), st.booleans(), ODD_NUMBERS, ODD_TEXTS, st.text(max_size=20), st.integers(), st.floats(width=32)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(ODD_TEXTS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


def encode(value: Any) -> bytes:
    """JSON with what is lonely (half of a surrogate pair, say) as an escape, as careless clients have it."""
    return json.dumps(value).encode()


def operations(server: Packetd) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and the properties of the body of all that is offered."""
    _, document = server.call("GET", "/openapi.json")
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            schema = {}
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                schema = resolve(document, content["schema"]).get("properties", {})
            found.append((method.upper(), path, schema))
    return found


def resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def test_there_are_many_operations(server: Packetd) -> None:
    """What the tests below draw from."""
    found = operations(server)
    assert len(found) > 40
    assert sum(bool(fields) for _, _, fields in found) > 10


def target_of(data: st.DataObject, path: str, ids: dict[str, list[str]]) -> str:
    """The path with ids in it that are there, or are not."""
    segments = path.split("/")
    for position, segment in enumerate(segments):
        if segment.startswith("{"):
            known = ids.get(segments[position - 1], [])
            odd = ODD_TEXTS.map(lambda text: quote(text[:200], safe="", errors="surrogatepass"))
            drawn = st.sampled_from(known) | odd if known else odd
            segments[position] = data.draw(drawn)
    return "/".join(segments)


@fuzz
@given(data=st.data())
def test_fields_of_the_wrong_kind(server: Packetd, ids: dict[str, list[str]], data: st.DataObject) -> None:
    method, path, fields = data.draw(st.sampled_from([each for each in operations_once(server) if each[2]]))
    target = target_of(data, path, ids)
    body = data.draw(st.dictionaries(st.sampled_from(sorted(fields)), VALUES, min_size=1, max_size=6))
    check(call(server, method, target, encode(body)), (method, target, body))


CHANGING = ["hostname", "tags", "userdata", "customdata", "termination_time", "billing_cycle", "locked"]
ORDER = [
    *CHANGING,
    *("hostnames", "quantity", "description", "plan", "operating_system", "facility", "metro", "features"),
    *("project_ssh_keys", "user_ssh_keys", "ssh_keys", "no_ssh_keys", "ip_addresses", "request_ips"),
    *("public_ipv4_subnet_size", "private_ipv4_subnet_size", "hardware_reservation_id", "storage"),
    *("ipxe_script_url", "always_pxe", "spot_instance", "spot_price_max", "network_frozen"),
]


def test_each_odd_value_in_each_field_of_a_device(server: Packetd, ids: dict[str, list[str]]) -> None:
    """What may be changed takes each value by itself; an order takes it in every field at once, as all that
    is wrong with it is told together."""
    orders, device = f"/projects/{ids['projects'][0]}/devices", f"/devices/{ids['devices'][0]}"
    for value in (*SHAPES, *TEXTS, *NUMBERS):
        order = dict.fromkeys(ORDER, value)
        check(call(server, "POST", orders, encode(order)), value)
        batch = {"hostname": "a", "quantity": 1, "plan": "baremetal_0", "facility": "nowhere"}
        for part in (order, {**order, **batch}, {**order, **batch, "hostnames": ["a"]}):
            check(call(server, "POST", f"{orders}/batch", encode({"batches": [part]})), value)
        for field in CHANGING:
            check(call(server, "PUT", device, encode({field: value})), (field, value))
        check(call(server, "GET", device), value)


QUERIES = st.sampled_from(
    [
        *(
            "page",
            "per_page",
            "include",
            "exclude",
            "search",
            "hostname",
            "tag",
            "state",
            "facility",
            "metro",
        ),
        *(
            "has_termination_time",
            "sort_by",
            "sort_direction",
            "types",
            "name",
            "cidr",
            "query",
            "type",
            "slug",
        ),
        *("categories[]", "reserved", "mac_address", "force_delete", "plan", "until", "begin", "end"),
    ]
)


@fuzz
@given(data=st.data())
def test_queries(server: Packetd, ids: dict[str, list[str]], data: st.DataObject) -> None:
    reading = [path for method, path, _ in operations_once(server) if method == "GET"]
    path = data.draw(st.sampled_from(reading))
    target = target_of(data, path, ids)
    pairs = data.draw(st.lists(st.tuples(QUERIES, ODD_TEXTS | st.text(max_size=9)), max_size=4))
    query = "&".join(
        f"{name}={quote(value[:5000], safe='', errors='surrogatepass')}" for name, value in pairs
    )
    check(call(server, "GET", f"{target}?{query}"), (target, pairs))


@fuzz
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get"]),
    target=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60),
    body=st.binary(max_size=200) | st.none(),
)
def test_any_path(server: Packetd, method: str, target: str, body: bytes | None) -> None:
    check(call(server, method, target, body), (method, target, body))
    check(call(server, method, f"/metal/v1/{target}", body), (method, target, body))


def deep_customdata(depth: int) -> bytes:
    return b'{"name": "a", "customdata":' + b'{"a":' * depth + b"1" + b"}" * (depth + 1)


@fuzz
@given(
    body=st.one_of(
        st.binary(max_size=300),
        VALUES.map(encode),
        st.integers(1, 200_000).map(lambda depth: b"[" * depth),
        st.integers(1, 20_000).map(
            lambda depth: b'{"customdata":' + b'{"a":' * depth + b"1" + b"}" * (depth + 1)
        ),
        st.just(b'{"name": "a", "name": {"b": 1}}'),
        st.integers(1, 200_000).map(lambda digits: b'{"name": ' + b"9" * digits + b"}"),
    )
)
def test_any_body(server: Packetd, ids: dict[str, list[str]], body: bytes) -> None:
    for method, target in (
        ("POST", "/projects"),
        ("PUT", f"/devices/{ids['devices'][0]}"),
        ("POST", "/_packetd/faults"),
        ("DELETE", "/ips/absent"),
    ):
        check(call(server, method, target, body), (method, target, body[:100]))


@fuzz
@given(
    request=st.binary(max_size=300) | st.builds(bytes.__add__, st.just(b"GET / HTTP/1.1\r\n"), st.binary())
)
def test_any_bytes(server: Packetd, request: bytes) -> None:
    try:
        status, _ = exchange(server, request + b"\r\n\r\n", ends=True)
    except (ConnectionError, IndexError):
        return  # closed without an answer: it was none to be had
    assert status in FINE


WILD = ["%", "_", "\\", "'", '"', "*", "' OR 1=1 --", '%"', "a%", "[", '["x"]', "\\%", '", "', "ä", "]"]


@pytest.mark.parametrize("text", WILD)
def test_filters_take_every_character_as_itself(server: Packetd, text: str) -> None:
    """A wildcard or quote in a filter finds what has it, and nothing else."""
    _, project = server.call("POST", "/projects", {"name": text})
    path = f"/projects/{project['id']}"
    order = {"plan": "baremetal_0", "operating_system": "debian_12", "metro": "sv"}
    _, tagged = server.call("POST", f"{path}/devices", {**order, "hostname": "has", "tags": [text, "b"]})
    server.call("POST", f"{path}/devices", {**order, "hostname": "has-not", "tags": ["b", "x"]})
    # A comma separates tags.
    tags = [] if "," in text else [f"tag={quote(text)}"]
    for query in (*tags, f"search={quote(text)}"):
        _, found = server.call("GET", f"{path}/devices?{query}")
        assert [device["id"] for device in found["devices"]] == [tagged["id"]], query
    for query in (f"hostname={quote(text)}", f"state={quote(text)}", f"facility={quote(text)}"):
        assert server.call("GET", f"{path}/devices?{query}")[1]["devices"] == [], query
    _, listed = server.call("GET", f"/projects?name={quote(text)}&per_page=1000")
    assert all(text in each["name"] for each in listed["projects"])
    assert project["id"] in [each["id"] for each in listed["projects"]]


def test_it_still_serves(server: Packetd) -> None:
    assert server.call("GET", "/user")[0] == 200


_operations: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}


def operations_once(server: Packetd) -> list[tuple[str, str, dict[str, Any]]]:
    if server.api_url not in _operations:
        _operations[server.api_url] = operations(server)
    return _operations[server.api_url]
