# SPDX-License-Identifier: GPL-3.0-or-later
"""Background servers: real processes on loopback, known by their pid files."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import processes
from lab.failure import LabError
from lab.processes import Server

STUBBORN = "import signal, runpy, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
HTTP = "sys.argv = ['http.server', '--bind', '127.0.0.1', sys.argv[1]]; runpy.run_module('http.server', run_name='__main__')"  # noqa: E501


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    command = (
        sys.executable,
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(tmp_path),
        str(port),
    )
    made = of(tmp_path, command, port)
    yield made
    processes.stop(made.pid_file)


def of(folder: Path, command: tuple[str, ...], port: int) -> Server:
    return Server(
        "the server",
        command,
        f"http://127.0.0.1:{port}/",
        folder / "run" / "server.pid",
        folder / "log" / "s.log",
    )


def answers(server: Server) -> bool:
    port = int(server.health_url.rstrip("/").rpartition(":")[2])
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_server_is_started_once_and_stopped(server: Server) -> None:
    assert processes.start(server)
    pid = processes.running(server.pid_file)
    assert pid is not None
    assert answers(server)
    assert not processes.start(server)
    assert processes.running(server.pid_file) == pid
    assert processes.stop(server.pid_file)
    assert not answers(server)
    assert not server.pid_file.exists()
    assert not processes.stop(server.pid_file)


def test_it_outlives_an_interrupt_at_the_terminal(server: Server) -> None:
    processes.start(server)
    pid = processes.running(server.pid_file)
    assert pid is not None
    assert os.getsid(pid) == pid != os.getsid(0)


def test_one_that_was_killed_is_started_again(server: Server) -> None:
    processes.start(server)
    pid = processes.running(server.pid_file)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while processes.running(server.pid_file) is not None:
        time.sleep(0.01)
    assert processes.start(server)
    assert processes.running(server.pid_file) != pid


@pytest.mark.parametrize("identity", ["another boot 12345", "", None])
def test_another_process_of_the_same_number_is_left_alone(tmp_path: Path, identity: str | None) -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        pid_file = tmp_path / "server.pid"
        pid_file.write_text(json.dumps({"pid": bystander.pid, "identity": identity}))
        assert processes.running(pid_file) is None
        assert not processes.stop(pid_file)
        assert bystander.poll() is None
        assert not pid_file.exists()
        bystander.kill()


def test_one_that_ends_at_once_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; print('hello', flush=True); sys.exit('port 7 is taken')")
    server = of(tmp_path, command, free_port())
    with pytest.raises(LabError, match=r"the server ended: port 7 is taken \(log: .*s\.log\)"):
        processes.start(server)
    assert not server.pid_file.exists()


def test_one_that_never_answers_is_an_error_and_not_left_running(tmp_path: Path) -> None:
    pids = tmp_path / "pid"
    script = f"echo thinking; echo $$ >{pids}; exec sleep 60"
    server = of(tmp_path, ("sh", "-c", script), free_port())
    with pytest.raises(LabError, match=r"does not answer at http://127\.0\.0\.1:\d+/ after 2 s: thinking"):
        processes.start(server, patience=2)
    assert not Path(f"/proc/{pids.read_text().strip()}").exists()
    assert processes.running(server.pid_file) is None


def test_a_port_where_another_program_answers_is_an_error_before_anything_starts(
    server: Server, tmp_path: Path
) -> None:
    processes.start(server)
    other = Server(
        "the other",
        ("sleep", "60"),
        server.health_url,
        tmp_path / "run" / "other.pid",
        tmp_path / "log" / "o.log",
    )
    with pytest.raises(LabError, match="another program answers at"):
        processes.start(other)
    assert not other.pid_file.exists()


def test_one_that_does_not_listen_to_reason_is_ended_by_force(tmp_path: Path) -> None:
    port = free_port()
    server = of(tmp_path, (sys.executable, "-c", STUBBORN + HTTP, str(port)), port)
    processes.start(server)
    assert processes.stop(server.pid_file, patience=0.5)
    assert not answers(server)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="the server cannot be started: no-such-program: No such file"):
        processes.start(of(tmp_path, ("no-such-program",), free_port()))


def test_a_pid_file_of_nonsense_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "server.pid").write_text("12")
    with pytest.raises(LabError, match="end the server by hand, then remove the file"):
        processes.stop(tmp_path / "server.pid")


def test_the_environment_is_added_to_and_the_log_is_private(tmp_path: Path) -> None:
    command = (
        sys.executable,
        "-c",
        "import os, sys; sys.exit(os.environ['GREETING'] + os.environ['PATH'][:0])",
    )
    server = of(tmp_path, command, free_port())
    with pytest.raises(LabError, match="good day"):
        processes.start(server, {"GREETING": "good day"})
    assert server.log.stat().st_mode & 0o777 == 0o600
