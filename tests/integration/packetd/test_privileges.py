# SPDX-License-Identifier: GPL-3.0-or-later
"""What the process may still do once it serves."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packetd_process import Packetd

DAC_OVERRIDE = 1 << 1


def status(thread: Path) -> dict[str, str]:
    lines = (thread / "status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def threads(server: Packetd) -> list[dict[str, str]]:
    return [status(thread) for thread in Path(f"/proc/{server.pid}/task").iterdir()]


def test_all_that_is_not_needed_is_given_up(packetd: Packetd) -> None:
    assert packetd.call("GET", "/user")[0] == 200
    found = threads(packetd)
    assert len(found) > 3
    for thread in found:
        assert thread["NoNewPrivs"] == "1"
        for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            assert int(thread[name], 16) & ~DAC_OVERRIDE == 0, (name, thread[name])
        if os.geteuid() == 0:
            assert int(thread["CapBnd"], 16) & ~DAC_OVERRIDE == 0


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory that any user may enter, unlike those of pytest."""
    directory = Path(tempfile.mkdtemp(prefix="packetd-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def other_user() -> str:
    """nobody, unless this Python lies where they may not enter, below root's home, say."""
    library = Path(os.__file__)
    return "nobody" if all(parent.stat().st_mode & 0o001 for parent in library.parents) else "root"


def test_another_user(reachable: Path) -> None:
    server = Packetd(reachable / "state")
    if os.geteuid() != 0:
        command = [sys.executable, "-m", "packetd", "serve", "--state", str(server.state), "--user", "root"]
        ports = ("--api", "127.0.0.1:0", "--proxy", "127.0.0.1:0")
        done = subprocess.run([*command, *ports], capture_output=True, text=True, check=False)
        assert (done.returncode, "only root can become another user" in done.stderr) == (1, True)
        return
    user = other_user()
    server.state.mkdir()
    shutil.chown(server.state, user)
    server.start("--user", user)
    try:
        for thread in threads(server):
            assert set(thread["Uid"].split()) == {str(server.state.stat().st_uid)}
            assert "0" not in thread["Groups"].split() or user == "root"
            assert int(thread["CapPrm"], 16) == int(thread["CapBnd"], 16) == 0
        assert server.call("GET", "/user")[0] == 200
        for file in server.state.iterdir():
            assert file.owner() == user
        assert stat.S_IMODE((server.state / "admin.token").stat().st_mode) == 0o600
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--user", "no-such-user"), "--user no-such-user: there is no such user"),
        (("--user", "nobody", "--driver", "docker"), "--user: the docker driver works on the host's network"),
    ],
)
def test_who_cannot_be_become(tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    ports = ("--api", "127.0.0.1:0", "--proxy", "127.0.0.1:0")
    done = subprocess.run(
        [sys.executable, "-m", "packetd", "serve", "--state", str(tmp_path), *ports, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[-1].startswith(f"packetd: {reason}")) == (1, True)
