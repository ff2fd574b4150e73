# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of a machine do beyond what every Kind does."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._node.absent import Absent
from ansible_collections.packet.kubernetes.plugins.module_utils._node.archive import Archive, product_of
from ansible_collections.packet.kubernetes.plugins.module_utils._node.binary import Binary
from ansible_collections.packet.kubernetes.plugins.module_utils._node.download import ATTEMPTS, download
from ansible_collections.packet.kubernetes.plugins.module_utils._node.file import File
from ansible_collections.packet.kubernetes.plugins.module_utils._node.hostname import Hostname
from ansible_collections.packet.kubernetes.plugins.module_utils._node.inode import read_digests, read_stat
from ansible_collections.packet.kubernetes.plugins.module_utils._node.kernel_module import KernelModule
from ansible_collections.packet.kubernetes.plugins.module_utils._node.packages import Packages
from ansible_collections.packet.kubernetes.plugins.module_utils._node.part import Part, parse, script
from ansible_collections.packet.kubernetes.plugins.module_utils._node.sysctl import Sysctl
from ansible_collections.packet.kubernetes.plugins.module_utils._node.unit import Unit
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Plan,
    ResourceError,
    plan,
    reconcile,
)
from hypothesis import given
from hypothesis import strategies as st
from kinds_node import ME, PUBLISHED, archive, digest
from node_fakes import commands, served


def settle(part: Part, dry_run: bool = False) -> Plan:
    return reconcile(part, part.wanted(), dry_run=dry_run)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "published"
    folder.mkdir()
    for name, content in PUBLISHED.items():
        (folder / name).write_bytes(content)
    with served(folder) as address:
        yield address


# ---- the probe

names = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\x7f", exclude_categories=["C"]), min_size=1
)


# Each example starts a shell, which takes as long as the machine is busy.
@given(st.lists(names.filter(lambda name: name.strip(".") != ""), max_size=4, unique=True))
def test_every_name_survives_the_shell(found: list[str]) -> None:
    parts = [Absent(f"/proc/1/{name}/x") for name in found]
    text = script(parts)
    assert os.system(f"/bin/sh -n <<'THE-END-OF-IT'\n{text}\nTHE-END-OF-IT\n") == 0
    assert parse(parts, "== absent\n== end\n") == [None] * len(parts)


@given(st.text(max_size=200))
def test_an_answer_that_breaks_off_is_an_error(output: str) -> None:
    if "== end" not in output.splitlines():
        with pytest.raises(ResourceError, match="broke off"):
            parse([Absent("/a/b")], output)


@given(st.lists(st.text(max_size=40)))
def test_lines_of_other_forms_are_passed_over(lines: list[str]) -> None:
    assert all(
        isinstance(value.mode, str) for value in read_stat([x for x in lines if "|" not in x]).values()
    )
    assert all(len(value) == 64 for value in read_digests(lines).values())


# ---- files


def test_a_file_replaces_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("text\n")
    (tmp_path / "link").symlink_to("target")
    file = File(str(tmp_path / "link"), "text\n", **ME)
    assert settle(file).changed
    assert not (tmp_path / "link").is_symlink()
    assert not settle(file).changed


def test_an_interrupted_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old\n")
    with pytest.raises(ResourceError, match="no such user or group"):
        settle(File(str(path), "new\n", owner="nobody-of-this-name", group=ME["group"]))
    assert path.read_text() == "old\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_owners_may_be_given_by_number(tmp_path: Path) -> None:
    file = File(str(tmp_path / "file"), "", owner=str(os.getuid()), group=str(os.getgid()))
    assert settle(file).changed
    assert not settle(file).changed


PARAMS = {"content": "", "owner": "root", "group": "root", "mode": "0644", "sensitive": False}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"path": "relative"}, "files.path: 'relative' is no path"),
        ({"path": "/a/../b"}, "no path"),
        ({"path": "/a\nb"}, "no path"),
        # What YAML makes of an unquoted 0644.
        ({"path": "/a/b", "mode": "420"}, "files.mode of /a/b: '420' is not allowed; give a quoted number"),
    ],
)
def test_a_file_that_cannot_be(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(ResourceError, match=re.escape(message)):
        File.from_params({**PARAMS, **wrong})


@pytest.mark.parametrize("path", ["/", "/etc", "/usr"])
def test_no_top_directory_is_removed(path: str) -> None:
    with pytest.raises(ResourceError, match="absent"):
        Absent.from_path(path)


# ---- downloads


def test_a_corrupted_binary_is_mended(tmp_path: Path, url: str) -> None:
    binary = Binary(str(tmp_path / "tool"), f"{url}/tool", digest("tool"), **ME)
    settle(binary)
    (tmp_path / "tool").write_bytes(b"onE")
    assert settle(binary).changed
    assert (tmp_path / "tool").read_bytes() == b"one"


def test_a_wrong_digest_is_refused_and_nothing_stays(tmp_path: Path, url: str) -> None:
    folder = tmp_path / "bin"
    with pytest.raises(ResourceError) as caught:
        settle(Binary(str(folder / "tool"), f"{url}/tool", digest("tool-2"), **ME))
    assert str(caught.value) == (
        f"{url}/tool: the SHA-256 digest is {digest('tool')}, wanted is {digest('tool-2')}; "
        "nothing was installed"
    )
    assert not any(folder.iterdir())


@pytest.mark.parametrize("busy", [1, ATTEMPTS - 1])
def test_a_busy_server_is_asked_again_with_growing_patience(tmp_path: Path, busy: int) -> None:
    (tmp_path / "tool").write_bytes(b"one")
    slept: list[float] = []
    with served(tmp_path, busy) as url, open(tmp_path / "got", "wb+") as got:
        download(f"{url}/tool", digest("tool"), got, sleep=slept.append)
    assert slept == [0.5 * 2**number for number in range(busy)]


@pytest.mark.parametrize(("busy", "name", "message"), [(ATTEMPTS, "tool", "503"), (0, "none", "404")])
def test_a_server_that_has_it_not(tmp_path: Path, busy: int, name: str, message: str) -> None:
    slept: list[float] = []
    with (
        served(tmp_path, busy) as url,
        open(tmp_path / "got", "wb+") as got,
        pytest.raises(ResourceError, match=f"{url}/{name}: the server answered {message}"),
    ):
        download(f"{url}/{name}", digest("tool"), got, sleep=slept.append)
    assert len(slept) == (ATTEMPTS - 1 if busy else 0)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with (
            open(tmp_path / "got", "wb+") as got,
            pytest.raises(ResourceError, match=f"cannot be fetched after {ATTEMPTS} attempts: .*refused"),
        ):
            download(
                f"http://127.0.0.1:{taken.getsockname()[1]}/x", digest("tool"), got, sleep=lambda _: None
            )


# ---- archives


def thing(tmp_path: Path, url: str, name: str = "thing-v1.0.tar.gz", **more: object) -> Archive:
    options = {"strip_components": 1, "lists": str(tmp_path / "lists"), **more}
    return Archive("thing", f"{url}/{name}", digest(name), str(tmp_path / "into"), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", ["change", "remove"])
def test_a_damaged_member_is_seen_and_mended(tmp_path: Path, url: str, damage: str) -> None:
    settle(thing(tmp_path, url))
    member = tmp_path / "into/xrun"
    member.unlink()
    if damage == "change":
        member.write_text("ruN")
    step = settle(thing(tmp_path, url))
    assert step.diff["before"] == {"damaged": [str(member)]}
    assert member.read_text() == "run"
    assert member.stat().st_mode & 0o777 == 0o755


def test_members_of_an_earlier_version_that_are_gone_are_removed(tmp_path: Path, url: str) -> None:
    settle(thing(tmp_path, url))
    settle(thing(tmp_path, url, "thing-v1.1.tar.gz"))
    assert {path.name for path in (tmp_path / "into").iterdir()} == {"xrun", "note"}


def test_only_the_wanted_members_are_unpacked(tmp_path: Path, url: str) -> None:
    settle(thing(tmp_path, url, include=("x*",)))
    assert [path.name for path in (tmp_path / "into").iterdir()] == ["xrun"]


def test_an_archive_of_which_nothing_is_left_over_is_an_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(ResourceError, match=r"archive thing: .* has no member that"):
        settle(thing(tmp_path, url, include=("no*",)))


def test_a_member_that_leads_out_is_refused(tmp_path: Path, url: str) -> None:
    PUBLISHED["evil.tar.gz"] = archive(**{"../evil": "x"})
    (tmp_path / "published/evil.tar.gz").write_bytes(PUBLISHED["evil.tar.gz"])
    with pytest.raises(ResourceError, match=r"has the member top/\.\./evil, which leads out of"):
        settle(thing(tmp_path, url, "evil.tar.gz", strip_components=0))
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("url", "product"),
    [
        ("https://x/containerd-2.4.2-linux-amd64.tar.gz", "containerd"),
        ("https://x/cni-plugins-linux-amd64-v1.9.1.tgz", "cni-plugins-linux-amd64"),
        ("https://x/etcd-v3.6.8-linux-amd64.tar.gz", "etcd"),
        ("https://x/plain.tar", "plain"),
    ],
)
def test_an_archive_is_known_by_its_name_without_version(url: str, product: str) -> None:
    assert product_of(url) == product


# ---- the kernel


def test_several_values_compare_whatever_separates_them() -> None:
    part = Sysctl("net.ipv4.ip_local_port_range", "32768 60999")
    found = part.read([part], [f"{part.path}:32768\t60999"])[0]
    assert not plan(found, part.wanted(), part.normalise).changed


@pytest.mark.parametrize(("container", "changed"), [(0, True), (1, False)])
def test_what_the_kernel_of_a_container_lacks_is_passed_over(container: int, changed: bool) -> None:
    part = Sysctl("net.bridge.bridge-nf-call-iptables", "1")
    found = part.read([part], [f"container={container}"])[0]
    assert plan(found, part.wanted(), part.normalise).changed == changed


def test_a_setting_that_is_not_there_names_the_remedy() -> None:
    with pytest.raises(ResourceError, match=r"sysctl packet\.none: the kernel has no such setting; name the"):
        Sysctl("packet.none", "1").update({}, {"value": "1"})


def test_settings_and_modules_are_kept_in_files_of_their_own() -> None:
    kept = [*Sysctl.parts("net.ipv4.ip_forward", "1"), *KernelModule.parts("br_netfilter")]
    assert {(part.path, part.content) for part in kept if isinstance(part, File)} == {
        ("/etc/sysctl.d/90-packet-net.ipv4.ip_forward.conf", "net.ipv4.ip_forward = 1\n"),
        ("/etc/modules-load.d/packet-br_netfilter.conf", "br_netfilter\n"),
    }


def test_this_kernel_has_the_module_of_its_own_file_systems() -> None:
    loaded = [path.name for path in Path("/sys/module").iterdir()][:3]
    assert all(KernelModule(name).find() == {"loaded": True} for name in loaded)


@pytest.mark.parametrize("name", ["Upper", "-a", "a_b", "a..b", "x" * 64])
def test_a_host_name_that_cannot_be(name: str) -> None:
    with pytest.raises(ResourceError, match=r"hostname: .* is not allowed; give letters a-z"):
        Hostname.parts(name)


# ---- packages

APT = """
import pathlib, sys
home = pathlib.Path(__file__).parent.parent
words = [word for word in sys.argv[1:] if not word.startswith("-") and "::" not in word]
(home / "apt").open("a").write(" ".join(words) + "\\n")
if words[0] == "update": (home / "lists").touch()
elif not (home / "lists").exists(): sys.exit("E: Unable to locate package")
else: (home / "dpkg").open("a").write("".join(f"installed {word}\\n" for word in words[1:]))
"""
DPKG = """
import pathlib
status = pathlib.Path(__file__).parent.parent / "dpkg"
print(status.read_text() if status.exists() else "")
"""


def test_only_missing_packages_are_installed_together_with_fresh_lists(tmp_path: Path) -> None:
    (tmp_path / "dpkg").write_text("installed socat\nconfig-files ipset\n")
    wanted = Packages.from_names(["socat", "ipset", "conntrack"])
    with commands(tmp_path, **{"apt-get": APT, "dpkg-query": DPKG}):
        assert settle(wanted).diff["after"] == {"conntrack": True, "ipset": True}
        assert not settle(wanted).changed
    install = "install ipset conntrack\n"
    assert (tmp_path / "apt").read_text() == f"{install}update\n{install}"


# ---- units


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%a %Y-%m-%d %H:%M:%S.%f UTC")


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(["", "a", "b"])), min_size=1, max_size=4),
)
def test_the_answers_of_several_units_are_told_apart(states: list[tuple[bool, str]]) -> None:
    units = [Unit(f"u{number}.service") for number, _ in enumerate(states)]
    blocks = [
        "\n".join(
            [
                f"Id={unit.unit}",
                *(["ExecMainStartTimestamp="] if more == "a" else []),
                f"ActiveState={'active' if running else 'inactive'}",
                "UnitFileState=enabled",
                "NeedDaemonReload=no",
            ]
        )
        for unit, (running, more) in zip(units, states, strict=True)
    ]
    found = Unit.read(units, ["", *"\n\n".join(blocks).split("\n"), "", "not=a|stat|line"])
    assert [state["state"] for state in found if state] == [
        "started" if running else "stopped" for running, _ in states
    ]


@given(st.floats(1e9, 2e9), st.floats(-100, 100).filter(lambda gap: abs(gap) > 0.001))
def test_a_unit_is_older_than_a_file_that_was_written_after_its_start(start: float, gap: float) -> None:
    unit = Unit("u.service", restart_after=("/etc/u",))
    lines = ["ActiveState=active", "UnitFileState=enabled", f"ExecMainStartTimestamp={stamp(start)}", ""]
    lines.append(f"regular file|644|root|root|0|0|{start + gap:.9f}|/etc/u")
    [found] = Unit.read([unit], lines)
    assert found is not None
    assert found["changed_since_start"] == (["/etc/u"] if gap > 0 else [])


def test_a_restart_that_an_interruption_prevented_is_made_up_for(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    conf.write_text("old")
    os.utime(conf, (1, 1))
    unit = Unit("u.service", restart_after=(str(conf),))
    with commands(tmp_path) as units:
        settle(unit)
        assert not settle(unit).changed
        conf.write_text("new")
        os.utime(conf, (4e9, 4e9))
        assert settle(unit, dry_run=True).diff["before"] == {"changed_since_start": [str(conf)]}
        os.utime(conf)
        settle(unit)
        assert not settle(unit).changed
        assert (units / "log").read_text() == "enable u.service\nrestart u.service\nrestart u.service\n"


def test_unit_files_that_changed_are_read_anew_first(tmp_path: Path) -> None:
    with commands(tmp_path) as units:
        settle(Unit("u.service"))
        (units / "u.service.stale").touch()
        assert settle(Unit("u.service")).diff["before"] == {"changed_since_reload": True}
        assert (units / "log").read_text().splitlines()[2:] == ["daemon-reload"]


@pytest.mark.parametrize("state", ["static", "generated"])
@pytest.mark.parametrize("enabled", [True, False])
def test_a_unit_that_cannot_be_enabled_is_as_it_is(state: str, enabled: bool) -> None:
    unit = Unit("u.service", enabled=enabled)
    [found] = Unit.read([unit], ["ActiveState=active", f"UnitFileState={state}"])
    assert found is not None
    assert found["enabled"] is enabled
