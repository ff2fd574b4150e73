# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast packetd answers, beside moto_server's EC2 for the like operations, in one run.

Both keep the same number of machines and are asked the same things by the same client, one after the
other on a machine that should have nothing else to do. packetd stores what it acknowledges (SQLite,
record driver), moto_server keeps it in memory. Prints a table; exits with 1 when a target is missed.

    make bench-packetd
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
from http_load import Answers, Request, load
from packetd_process import Packetd

from lab.state import cache

MOTO = "moto[ec2,server]==5.2.5"
MACHINES = 1000
MANY = 10_000
CLIENTS = 8
SPECIFICATION = {"plan": "c3.small.x86", "operating_system": "debian_12", "metro": "sv"}


@dataclass(frozen=True)
class Row:
    """A line of the table. ``least`` says that the target is a minimum."""

    what: str
    unit: str
    ours: float
    theirs: float | None
    target: float
    least: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times as good as the other."""
        if self.theirs is None:
            return None
        return self.ours / self.theirs if self.least else self.theirs / self.ours

    @property
    def good(self) -> bool:
        reached = self.ours >= self.target if self.least else self.ours <= self.target
        return reached and (self.ratio is None or self.ratio >= 2)

    def __str__(self) -> str:
        theirs = "" if self.theirs is None else f"{self.theirs:.1f}"
        ratio = "" if self.ratio is None else f"{self.ratio:.1f}"
        limit = f"{'>=' if self.least else '<='} {self.target:g}"
        verdict = "ok" if self.good else "MISSED"
        return f"{self.what}\t{self.ours:.1f} {self.unit}\t{theirs}\t{ratio}\t{limit}\t{verdict}"


class Ours:
    """packetd with the record driver, as one client sees it."""

    def __init__(self, server: Packetd) -> None:
        self.server = server
        self.port = int(server.api_url.rpartition(":")[2])
        _, project = server.call("POST", "/projects", {"name": "bench"})
        self.project = f"/projects/{project['id']}"

    def request(self, method: str, path: str, body: Any = None, status: int = 200) -> Request:
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"X-Auth-Token": self.server.token, "Content-Type": "application/json"}
        return Request.make(method, path, headers, content, status)

    def fill(self, count: int) -> None:
        """Have so many more devices, and wait for all to be active."""
        while count > 0:
            part = min(count, 1000)
            batch = [{**SPECIFICATION, "hostname": "node-{{index}}", "quantity": part}]
            status, answer = self.server.call("POST", f"{self.project}/devices/batch", {"batches": batch})
            assert status == 201, answer
            count -= part
        self.wait()

    def wait(self, seconds: float = 1200) -> None:
        unfinished = f"{self.project}/devices?state=queued,provisioning&per_page=1"
        self.server.wait(unfinished, lambda _status, page: page["meta"]["total"] == 0, seconds)

    def create(self, number: int) -> Request:
        body = {**SPECIFICATION, "hostname": f"extra-{number}"}
        return self.request("POST", f"{self.project}/devices", body, 201)

    def one(self) -> Request:
        _, page = self.server.call("GET", f"{self.project}/devices?per_page=1")
        return self.request("GET", f"/devices/{page['devices'][0]['id']}")

    def all(self) -> Request:
        return self.request("GET", f"{self.project}/devices?per_page=1000")


class Theirs:
    """moto_server's EC2."""

    def __init__(self, port: int) -> None:
        self.port = port

    def request(self, action: str, **parameters: str | int) -> Request:
        body = urlencode({"Action": action, "Version": "2016-11-15", **parameters}).encode()
        credential = "Credential=bench/20260101/us-east-1/ec2/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return Request.make("POST", "/", headers, body)

    def create(self, _number: int) -> Request:
        return self.run(1)

    def run(self, count: int) -> Request:
        parameters = {"ImageId": "ami-12c6146b", "InstanceType": "m5.large"}
        return self.request("RunInstances", **parameters, MinCount=count, MaxCount=count)

    def fill(self, count: int) -> None:
        load(self.port, [self.run(count)], 1)

    def one(self) -> Request:
        return self.request("DescribeInstances", **{"InstanceId.1": self.some_id()})

    def some_id(self) -> str:
        request = self.request("DescribeInstances", MaxResults=5)
        head, _, body = request.content.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}/", data=body, headers=dict(lines))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked) as answer:
            text: str = answer.read().decode()
        return text.partition("<instanceId>")[2].partition("</instanceId>")[0]

    def all(self) -> Request:
        return self.request("DescribeInstances", MaxResults=1000)


@contextmanager
def moto_server(folder: Path) -> Iterator[Theirs]:
    """In an environment of its own, as its dependencies and ours exclude each other."""
    environment = cache() / "bench" / "moto"
    command = environment / "bin" / "moto_server"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([environment / "bin" / "pip", "install", "--quiet", MOTO], check=True)
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen([command, "-H", "127.0.0.1", "-p", "0"], stdout=log, stderr=log)
    try:
        yield Theirs(_port_told(folder / "moto.log"))
    finally:
        process.terminate()
        process.wait(30)


def _port_told(log: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if "Running on http://127.0.0.1:" in line:
                return int(line.rpartition(":")[2])
        time.sleep(0.1)
    raise RuntimeError(log.read_text())


def compared(ours: Ours, theirs: Theirs) -> Iterator[Row]:
    """What both can do."""

    def both(make: Callable[[Ours | Theirs], Iterable[Request]], clients: int) -> tuple[Answers, Answers]:
        return load(ours.port, make(ours), clients), load(theirs.port, make(theirs), clients)

    one, other = both(lambda side: [side.one()] * 500, 1)
    yield Row("GET one device, p50", "ms", one.percentile(50), other.percentile(50), 3)
    one, other = both(lambda side: [side.one()] * 2000, CLIENTS)
    yield Row(f"GET one device, {CLIENTS} clients", "/s", one.rate, other.rate, 500, least=True)
    one, other = both(lambda side: [side.all()] * 10, 1)
    yield Row(f"list {MACHINES} devices, p50", "ms", one.percentile(50), other.percentile(50), 150)
    one, other = both(lambda side: [side.create(number) for number in range(600)], CLIENTS)
    yield Row(f"create one device, {CLIENTS} clients", "/s", one.rate, other.rate, 200, least=True)


def provisioning(ours: Ours) -> Row:
    """How the API answers while a thousand devices become active."""
    ours.wait()
    batch = [{**SPECIFICATION, "hostname": "busy-{{index}}", "quantity": MACHINES}]
    ours.server.call("POST", f"{ours.project}/devices/batch", {"batches": batch})
    began, each = time.perf_counter(), []
    request = ours.one()
    while True:
        each += load(ours.port, [request] * 200, 1).each
        _, page = ours.server.call("GET", f"{ours.project}/devices?state=queued,provisioning&per_page=1")
        if page["meta"]["total"] == 0:
            break
    wall = time.perf_counter() - began
    what = f"p99 while {MACHINES} devices become active (in {wall:.0f} s)"
    return Row(what, "ms", Answers(tuple(each), wall).percentile(99), None, 50)


def grown(ours: Ours) -> Iterator[Row]:
    """What ten thousand devices cost."""
    _, page = ours.server.call("GET", f"{ours.project}/devices?per_page=1")
    ours.fill(MANY - page["meta"]["total"])
    ours.server.stop()
    began = time.perf_counter()
    ours.server.start()
    yield Row(f"start with {MANY} devices", "s", time.perf_counter() - began, None, 2)
    again = Ours(ours.server)
    pages = [ours.request("GET", f"{ours.project}/devices?per_page=1000&page={n}") for n in range(1, 11)]
    load(again.port, pages, 2)
    status = Path(f"/proc/{ours.server.pid}/status").read_text()
    resident = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    yield Row(f"peak memory with {MANY} devices", "MiB", resident, None, 300)


def main() -> int:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="packetd-bench-") as name:
        folder = Path(name)
        server = Packetd(folder / "packetd")
        server.start()
        try:
            ours = Ours(server)
            with moto_server(folder) as theirs:
                ours.fill(MACHINES)
                theirs.fill(MACHINES)
                for row in compared(ours, theirs):
                    rows.append(row)
                    print(row, flush=True)
            for row in (provisioning(ours), *grown(ours)):
                rows.append(row)
                print(row, flush=True)
        finally:
            server.stop()
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
