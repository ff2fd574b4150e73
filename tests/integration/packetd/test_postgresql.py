# SPDX-License-Identifier: GPL-3.0-or-later
"""packetd over PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packetd_process import Packetd
from postgresql_process import PASSWORD, PostgreSQL

from packetd.facts import remember_driver
from packetd.ownership import ServerError
from packetd.settings import State
from packetd.store import Store


def test_a_life_over_postgresql(tmp_path: Path, database: str, order: dict[str, Any]) -> None:
    packetd = Packetd(tmp_path / "state", "--database", database)
    packetd.start()
    project = packetd.call("POST", "/projects", {"name": "p"})[1]["id"]
    _, device = packetd.call("POST", f"/projects/{project}/devices", order)
    packetd.wait_for_state(device["id"], "active")
    assert packetd.command("devices").stdout.split("\t")[0] == device["id"]
    assert packetd.call("DELETE", f"/devices/{device['id']}")[0] == 204
    packetd.wait(f"/devices/{device['id']}", lambda status, _answer: status == 404)
    assert packetd.stop() == 0


def fails(*arguments: str, **environment: str) -> str:
    """Run `packetd serve` that cannot start; returns the one line that says why."""
    command = [sys.executable, "-m", "packetd", "serve", "--api", "127.0.0.1:0", "--proxy", "127.0.0.1:0"]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("packetd: ")]
    assert PASSWORD not in done.stderr
    return line


def test_what_cannot_be_reached_says_what_to_do(tmp_path: Path, database: str) -> None:
    state = ("--state", str(tmp_path / "state"))
    for url, reason in (
        (database.replace("host=", "host=/nowhere"), "No such file or directory"),
        (database.replace("packetd@", "nobody@"), "authentication failed"),
        (database.replace("packetd_", "other_"), "does not exist"),
    ):
        line = fails(*state, "--database", url)
        assert reason in line
        assert "see that the server runs, and that the URL and the password" in line
    line = fails(*state, "--database", database, PGPASSWORD="wrong")
    assert "authentication failed" in line


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql+psycopg://u:secret@h/d", "--database has a password in it"),
        ("postgresql+psycopg://u@h/d?password=secret", "--database has a password in it"),
        ("mysql://u@h/d", "--database is of mysql; allowed is postgresql+psycopg"),
        ("what", "--database is not the URL of a database, for example postgresql+psycopg://"),
    ],
)
def test_a_wrong_url(tmp_path: Path, url: str, reason: str) -> None:
    line = fails("--state", str(tmp_path), "--database", url)
    assert reason in line
    assert "secret" not in line


def test_the_password_comes_from_the_environment_or_a_file(
    tmp_path: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = PASSWORD.replace(":", "%3A").replace("/", "%2F").replace("@", "%40")
    url = postgresql.database()
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PACKETD_DATABASE", url.replace("packetd@", f"packetd:{secret}@"))
    packetd = Packetd(tmp_path / "state")
    packetd.start()
    packetd.kill()
    for file in packetd.state.iterdir():
        assert PASSWORD not in file.read_text(), file
        assert secret not in file.read_text(), file

    # The state knows where its database is, but not the password.
    monkeypatch.delenv("PACKETD_DATABASE")
    assert "no password supplied" in packetd.command("devices").stderr
    passwords = tmp_path / "pgpass"
    escaped = PASSWORD.replace(":", "\\:")
    passwords.write_text(f"*:*:*:packetd:{escaped}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    assert packetd.command("devices").returncode == 0


def test_machines_of_one_host_have_one_server(tmp_path: Path, database: str) -> None:
    store = Store(database)
    states = [State(tmp_path / name) for name in ("a", "b")]
    for state in states:
        state.directory.mkdir()
    remember_driver(store, states[0], "docker")
    remember_driver(store, states[0], "docker")
    with pytest.raises(ServerError, match="are on the host of one server"):
        remember_driver(store, states[1], "docker")
    store.close()


def test_what_postgresql_cannot_store_is_the_senders_mistake(tmp_path: Path, database: str) -> None:
    packetd = Packetd(tmp_path / "state", "--database", database)
    packetd.start()
    status, answer = packetd.call("POST", "/projects", {"name": "a\0b"})
    assert (status, "contains the character NUL" in answer["errors"][0]) == (400, True)
    packetd.kill()


def test_a_database_that_goes_away_and_comes_back(tmp_path: Path, order: dict[str, Any]) -> None:
    own = PostgreSQL()
    own.start()
    environment = {"PGPASSWORD": PASSWORD}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        packetd = Packetd(tmp_path / "state", "--database", own.database(), "--lease", "2")
        packetd.start()
        project = packetd.call("POST", "/projects", {"name": "p"})[1]["id"]
        own.restart()
        status, _ = packetd.call("GET", "/projects")
        assert status in (200, 503)
        packetd.wait("/projects", lambda status, _answer: status == 200)
        _, device = packetd.call("POST", f"/projects/{project}/devices", order)
        packetd.wait_for_state(device["id"], "active")
        assert packetd.stop() == 0
    own.stop()
