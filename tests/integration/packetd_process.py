# SPDX-License-Identifier: GPL-3.0-or-later
"""packetd as a process, for tests that talk to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Generous, as tests share the machine with one another.
START_SECONDS = 120.0


class Packetd:
    """`packetd serve --driver record` as a process, on ports that the system chose."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self.options = options
        self.log = state.with_name(f"{state.name}.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Start it and wait until it serves; ``options`` replace the present ones."""
        self.options = options or self.options
        command = [sys.executable, "-m", "packetd", "serve", "--state", str(self.state), "--driver", "record"]
        command += ["--api", "127.0.0.1:0", "--proxy", "127.0.0.1:0", *self.options]
        with self.log.open("ab") as log:
            # A route that reads what it does not declare is an error in tests. Coverage is of plugins, and a
            # server that is killed would leave half a file of it.
            environment = {
                name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")
            }
            environment["PYTHONWARNINGS"] = "error:undeclared"
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + START_SECONDS
        while not self._serves():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def _serves(self) -> bool:
        try:
            return bool(self._serving()["pid"] == self.pid)
        except FileNotFoundError:
            return False

    def _serving(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.state / "packetd.json").read_text())
        return document

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def api_url(self) -> str:
        return str(self._serving()["api"])

    @property
    def proxy_url(self) -> str:
        return str(self._serving()["proxy"])

    @property
    def ca(self) -> Path:
        return self.state / "ca.crt"

    @property
    def token(self) -> str:
        return (self.state / "admin.token").read_text().strip()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """SIGKILL, as a crash."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=START_SECONDS)

    def restart(self, *options: str) -> None:
        """Stop it if it runs, and start it over the same state; its ports may change."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        self.start(*options)

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """One call of the API: the status, and the decoded answer or None."""
        request = urllib.request.Request(
            self.api_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Auth-Token": token or self.token, "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                content, status = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            content, status = error.read(), error.code
        return status, json.loads(content) if content else None

    def wait(self, path: str, until: Callable[[int, Any], bool], seconds: float = 30.0) -> Any:
        """GET ``path`` until ``until(status, document)``; returns the document."""
        deadline = time.monotonic() + seconds
        while True:
            status, document = self.call("GET", path)
            if until(status, document):
                return document
            assert time.monotonic() < deadline, f"{path}: {status} {document}"
            time.sleep(0.02)

    def wait_for_state(self, device_id: str, state: str) -> Any:
        """Wait until a device is in a state; returns it."""
        return self.wait(f"/devices/{device_id}", lambda _status, device: device["state"] == state)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of packetd over the same state, e.g. command("devices", "--json")."""
        return subprocess.run(
            [sys.executable, "-m", "packetd", *arguments, "--state", str(self.state)],
            capture_output=True,
            text=True,
            check=False,
        )
