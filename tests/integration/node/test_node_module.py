# SPDX-License-Identifier: GPL-3.0-or-later
"""`node` on a real machine."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from node_runs import Machine

SECRET = "a-secret-of-this-test-only"

UNIT = """[Service]
ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""


@pytest.fixture
def options(published: tuple[Path, str]) -> dict[str, Any]:
    """Something of every kind."""
    folder, url = published
    (folder / "tool").write_text("#!/bin/sh\necho tool\n")
    (folder / "tool.sha256").write_text(f"{digest(folder / 'tool')}  tool\n")
    with tarfile.open(folder / "thing-v1.0.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("top/bin/thing")
        member.size, member.mode = 5, 0o755
        tar.addfile(member, io.BytesIO(b"thing"))
    (folder / "thing-v1.0.tar.gz.sha256").write_text(digest(folder / "thing-v1.0.tar.gz"))
    return {
        "absent": ["/etc/motd"],
        "packages": ["iptables"],
        "directories": [{"path": "/srv/folder", "mode": "0700"}],
        "files": [
            {"path": "/srv/conf", "content": "first\n"},
            {"path": "/srv/secret", "content": SECRET, "mode": "0600", "sensitive": True},
            {"path": "/etc/systemd/system/thing.service", "content": UNIT},
        ],
        "kernel_modules": ["overlay"],
        "hostname": "renamed",
        "sysctls": {"net.ipv4.ip_forward": 1, "net.ipv4.ip_local_port_range": "20000 61000"},
        "binaries": [{"path": "/srv/bin/tool", "url": f"{url}/tool"}],
        "archives": [{"url": f"{url}/thing-v1.0.tar.gz", "into": "/srv/thing", "strip_components": 1}],
        "units": [
            {
                "name": "thing",
                "restart_after": ["/srv/conf", "/etc/systemd/system/thing.service"],
            }
        ],
    }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def made(machine: Machine, options: dict[str, Any]) -> Machine:
    """The machine, as wanted."""
    machine.run("node", options)
    return machine


def main_pid(machine: Machine) -> str:
    return machine.host.output("systemctl show --property MainPID thing.service")


def test_a_machine_is_made_as_foretold_and_then_seen_by_one_round_trip(
    machine: Machine, options: dict[str, Any]
) -> None:
    foretold = machine.run("node", options, "--check", "--diff")
    assert foretold.changed
    assert machine.host.ssh("ls /srv/conf /srv/bin/tool").returncode != 0
    done = machine.run("node", options, "--diff")
    assert done.changed
    assert diff_of(done.output) == diff_of(foretold.output)
    assert "+first" in done.output
    assert SECRET not in done.output
    assert machine.host.output("cat /srv/conf /srv/thing/bin/thing; hostname; /srv/bin/tool") == (
        "first\nthingrenamed\ntool"
    )
    assert machine.host.output("stat -c %a:%U /srv/secret /srv/folder") == "600:root\n700:root"
    assert machine.host.output("sysctl -n net.ipv4.ip_local_port_range").split() == ["20000", "61000"]
    assert machine.host.output("systemctl is-active thing; systemctl is-enabled thing") == "active\nenabled"
    again = machine.run("node", options, "-vvv")
    assert not again.changed
    assert again.round_trips == 1


def diff_of(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith(("+", "-"))]


@pytest.mark.parametrize("path", ["/srv/bin/tool", "/srv/thing/bin/thing", "/srv/conf"])
def test_what_was_changed_behind_our_back_is_mended(
    made: Machine, options: dict[str, Any], path: str
) -> None:
    before = made.host.output(f"sha256sum {path}")
    made.host.output(f"echo damage >> {path}")
    assert made.run("node", options, "--check").changed
    assert made.run("node", options).changed
    assert made.host.output(f"sha256sum {path}") == before
    assert not made.run("node", options).changed


def test_a_wrong_checksum_is_refused(machine: Machine, published: tuple[Path, str]) -> None:
    folder, url = published
    (folder / "tool").write_text("tool")
    wanted = "0" * 64
    options = {"binaries": [{"path": "/srv/refused/tool", "url": f"{url}/tool", "checksum": wanted}]}
    run = machine.run("node", options)
    assert run.code != 0
    assert f"{url}/tool: the SHA-256 digest is {digest(folder / 'tool')}, wanted is {wanted}" in run.output
    assert machine.host.ssh("ls /srv/refused/*").returncode != 0


def test_a_checksum_that_is_not_published_is_named(machine: Machine, published: tuple[Path, str]) -> None:
    _, url = published
    run = machine.run("node", {"binaries": [{"path": "/srv/refused/tool", "url": f"{url}/tool"}]})
    assert run.code != 0
    assert f"node: no checksum from {url}/tool.sha256: the server answered 404" in run.output


def test_a_unit_is_restarted_after_its_file_changed(made: Machine, options: dict[str, Any]) -> None:
    before = main_pid(made)
    options["files"][0]["content"] = "second\n"
    run = made.run("node", options, "--diff")
    assert {"-first", "+second"} <= set(diff_of(run.output))
    assert main_pid(made) != before
    assert not made.run("node", options).changed


def test_a_restart_that_an_interruption_prevented_is_made_up_for(
    made: Machine, options: dict[str, Any]
) -> None:
    before = main_pid(made)
    # As a run leaves it that was killed between writing and restarting.
    options["files"][0]["content"] = "third\n"
    made.host.output("echo third > /srv/conf")
    assert made.run("node", options).changed
    assert main_pid(made) != before
    assert not made.run("node", options).changed


def test_a_unit_file_that_was_not_read_anew_is_read(made: Machine, options: dict[str, Any]) -> None:
    made.host.output("sed -i 's/infinity/999/' /etc/systemd/system/thing.service")
    options["files"][2]["content"] = UNIT.replace("infinity", "999")
    assert made.run("node", options).changed
    assert made.host.output("systemctl show --property NeedDaemonReload thing") == "NeedDaemonReload=no"
    assert "sleep 999" in made.host.output("ps ax")


@pytest.mark.parametrize("pipelining", [True, False])
def test_no_secret_is_told(machine: Machine, pipelining: bool) -> None:
    # Of several lines, as keys are.
    content = f"first\n{SECRET}\nlast"
    options = {"files": [{"path": f"/srv/told-{pipelining}", "content": content, "sensitive": True}]}
    run = machine.run("node", options, "-vvv", "--diff", pipelining=pipelining)
    assert run.changed
    assert SECRET not in run.output
    assert machine.host.output(f"cat /srv/told-{pipelining}") == content
    assert SECRET not in machine.host.output("journalctl --quiet --no-pager")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"files": [{"path": "/srv/x"}]}, "one of the following is required: content, src"),
        ({"files": [{"path": "/srv/x", "src": "none.txt"}]}, "files.src none.txt: no text file to read"),
        ({"units": [{"name": "no-such-unit"}]}, "systemctl --quiet enable no-such-unit.service"),
        ({"sysctls": {"net.ipv4.ip_forward": "many"}}, "sysctl net.ipv4.ip_forward: the kernel refuses"),
        ({"packages": ["No Package"]}, "packages: 'No Package' is not allowed"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(machine: Machine, options: dict[str, Any], message: str) -> None:
    run = machine.run("node", options)
    assert run.code != 0
    assert message in run.output
    assert "Traceback" not in run.output
