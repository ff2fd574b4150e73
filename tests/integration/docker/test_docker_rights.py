# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices may do to their host, what their users' words may do to Docker, and what packetd keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from docker_site import Site, output, until

from packetd.privileges import DAC_OVERRIDE, NET_ADMIN, NET_BIND_SERVICE, NET_RAW

_SYS_TIME = 25
# PERFMON, BPF and CHECKPOINT_RESTORE, which not every Docker knows; SYS_ADMIN includes what they allow.
_NEWEST = 0b111 << 38
# Of linux/capability.h: what systemd, sshd, containerd and kubelet cannot do without.
_NEEDED = {
    "CHOWN": 0,
    "SETUID": 7,
    "NET_ADMIN": 12,
    "SYS_CHROOT": 18,
    "SYS_PTRACE": 19,
    "SYS_ADMIN": 21,
    "MKNOD": 27,
}
_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
# What a shell, Docker's options or its templates would read as more than a value.
_HOSTILE = (
    "x --privileged --label=packetd.device=other $(touch /tmp/hostile) `id` {{.ID}} \"'; a=b"
    "\n--cap-add=SYS_TIME"
)


def sets_of(status: str) -> dict[str, int]:
    """The capabilities of a process by its /proc/PID/status."""
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return {name: int(lines[name], 16) for name in _SETS}


def containers(site: Site) -> dict[str, Any]:
    """What Docker says of all containers of a state, by device."""
    ids = output("docker", "ps", "--all", "--quiet", "--filter", f"label={site.names.label}").split()
    described = json.loads(output("docker", "inspect", *ids)) if ids else []
    return {item["Config"]["Labels"]["packetd.device"]: item for item in described}


def test_a_device_has_all_capabilities_of_the_host_but_the_clock(site: Site, one: str) -> None:
    bounding = sets_of(Path("/proc/1/status").read_text())["CapBnd"]
    expected = bounding & ~(1 << _SYS_TIME)
    assert [name for name, number in _NEEDED.items() if not expected >> number & 1] == []
    host = site.host(one)
    # The first process, one that it has started, and what a user gets.
    for process in ("1", "$(systemctl show --property MainPID --value ssh)", "self"):
        found = sets_of(host.output(f"cat /proc/{process}/status"))
        assert found["CapEff"] == found["CapPrm"] == found["CapBnd"], process
        assert found["CapBnd"] | _NEWEST & expected == expected, process
        assert found["CapAmb"] == 0


def test_a_device_cannot_set_the_clock(site: Site, one: str) -> None:
    # To the time that it is: should it ever succeed, nothing has happened.
    refused = site.host(one).ssh("date --set=@$(date +%s)")
    assert refused.returncode != 0
    assert "Operation not permitted" in refused.stderr


@pytest.mark.parametrize(
    "hostname",
    [
        "--privileged",
        "-h",
        "a b",
        "a\n--privileged",
        "a=b",
        "$(id)",
        "`id`",
        "a;id",
        "{{.ID}}",
        "a/b",
        "../a",
        "\u00e4",
    ],
)
def test_a_hostname_that_is_none_never_reaches_docker(site: Site, hostname: str) -> None:
    before = set(containers(site))
    body = {"hostname": hostname, "plan": "c3.small.x86", "metro": "am", "operating_system": "debian_12"}
    assert site.server.call("POST", f"/projects/{site.project}/devices", body)[0] == 422
    batch = {"batches": [{**body, "quantity": 1}]}
    assert site.server.call("POST", f"/projects/{site.project}/devices/batch", batch)[0] == 422
    assert set(containers(site)) == before


def test_what_users_write_is_a_value_to_docker_and_nothing_else(site: Site, one: str, tmp_path: Path) -> None:
    # A key of its own: of two with the same key, cloud-init keeps the comment of one.
    output("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key"))
    key = (tmp_path / "key.pub").read_text().split()
    comment = _HOSTILE.replace("\n", " ")
    sent = {"label": _HOSTILE, "key": f"{key[0]} {key[1]} {comment}"}
    added = site.api("POST", f"/projects/{site.project}/ssh-keys", sent)["id"]
    wanted = {
        "hostname": "hostile",
        "plan": "c3.small.x86",
        "metro": "am",
        "operating_system": "debian_12",
        "description": _HOSTILE,
        "tags": [_HOSTILE[:80], "packetd.device=other"],
        "customdata": {_HOSTILE: _HOSTILE},
        "userdata": f"#!/bin/sh\n# {comment}\n",
        "features": [_HOSTILE],
        "storage": {_HOSTILE: _HOSTILE},
    }
    hostile = site.api("POST", f"/projects/{site.project}/devices", wanted)["id"]
    site.wait_for(hostile, "active")
    found = containers(site)
    assert "other" not in found
    usual, other = (_described(found[device]) for device in (one, hostile))
    # Names and labels are of ids and host names alone, and all else that Docker was told is the same.
    assert other["labels"] == {
        site.names.label.partition("=")[0]: site.names.label.partition("=")[2],
        "packetd.device": hostile,
        "packetd.hostname": "hostile",
    } | {name: value for name, value in usual["labels"].items() if not name.startswith("packetd.")}
    assert other["name"] == f"/{site.names.container(hostile)}"
    assert other["host"] == usual["host"]
    assert other["host"]["Privileged"] is False
    differing = {
        name
        for name in usual["environment"] | other["environment"]
        if usual["environment"].get(name) != other["environment"].get(name)
    }
    assert differing <= {
        "DEVICE_ID",
        "DEVICE_HOSTNAME",
        "DEVICE_EXTRA_ADDRESSES",
        "DEVICE_PRIVATE_ADDRESS",
        "DEVICE_SSH_KEYS",
    }
    # The key came as it was sent, and nobody carried it out.
    assert comment in site.host(hostile).output("cat /root/.ssh/authorized_keys")
    assert "hostile" not in site.host(hostile).output("ls /tmp")
    assert not Path("/tmp/hostile").exists()
    site.api("DELETE", f"/ssh-keys/{added}")
    site.api("DELETE", f"/devices/{hostile}")
    until(lambda: hostile not in containers(site), "the end of the device")


def _described(container: Any) -> dict[str, Any]:
    """What was said of a container; of what Docker itself makes up, nothing."""
    return {
        "name": container["Name"],
        "labels": container["Config"]["Labels"],
        "host": container["HostConfig"],
        "environment": dict(item.split("=", 1) for item in container["Config"]["Env"]),
    }


def test_packetd_gives_up_what_the_driver_does_not_need(site: Site, one: str) -> None:
    kept = sum(1 << number for number in (DAC_OVERRIDE, NET_ADMIN, NET_RAW, NET_BIND_SERVICE))
    host = sets_of(Path("/proc/1/status").read_text())["CapBnd"]
    threads = list(Path(f"/proc/{site.server.pid}/task").iterdir())
    assert len(threads) > 3
    for thread in threads:
        status = (thread / "status").read_text()
        found = sets_of(status)
        assert found["CapEff"] == found["CapPrm"] == found["CapBnd"] == kept & host
        assert found["CapInh"] == found["CapAmb"] == 0
        assert "NoNewPrivs:\t1\n" in status
    # All that the driver does was done with these: a device is there, and a route to it comes and goes.
    reservation, address = site.reserve()
    given = site.api("POST", f"/devices/{one}/ips", {"address": f"{address}/32"})
    until(lambda: output("ip", "route", "show", "exact", f"{address}/32") != "", "the route")
    site.api("DELETE", f"/ips/{given['id']}")
    until(lambda: output("ip", "route", "show", "exact", f"{address}/32") == "", "the end of the route")
    site.api("DELETE", f"/ips/{reservation}")
