# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted state of a machine as a whole."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._node.machine import (
    Machine,
    params_of,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._node.part import PRELUDE
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError, reconcile
from hypothesis import given
from hypothesis import strategies as st
from kinds_node import ME, PUBLISHED, digest
from node_fakes import commands, served


def file(path: str, content: str = "text\n", **more: Any) -> dict[str, Any]:
    return {"path": path, "content": content, "mode": "0644", "sensitive": False, **ME, **more}


def unit(name: str = "u", *files: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "enabled": True, "state": "started", "restart_after": list(files), **more}


def differing(machine: Machine) -> list[str]:
    """What differs, asked as the action does."""
    answer = subprocess.run(["/bin/sh"], input=machine.probe, capture_output=True, text=True, check=True)
    return [part.title for part, step in machine.steps(answer.stdout) if step.changed]


def apply(machine: Machine, dry_run: bool = False) -> bool:
    return reconcile(machine, machine.wanted(), dry_run=dry_run).changed


def test_a_whole_machine_is_made_and_then_left_alone(tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    for name, content in PUBLISHED.items():
        (tmp_path / "published" / name).write_bytes(content)
    (tmp_path / "gone").mkdir()
    conf = str(tmp_path / "etc/conf")
    with commands(tmp_path) as units, served(tmp_path / "published"):
        machine = Machine.from_params(
            {
                "absent": [str(tmp_path / "gone")],
                "directories": [{"path": str(tmp_path / "folder"), "mode": "0700", **ME}],
                "files": [file(conf)],
                "units": [unit("u", conf), unit("v.socket")],
            }
        )
        expected = [f"absent {tmp_path}/gone", f"directory {tmp_path}/folder", f"file {conf}"]
        expected += ["unit u.service", "unit v.socket"]
        assert differing(machine) == expected
        assert apply(machine, dry_run=True)
        assert differing(machine) == expected
        assert apply(machine)
        assert differing(machine) == []
        assert not apply(machine)
        log = ["enable u.service", "restart u.service", "enable v.socket", "restart v.socket"]
        assert (units / "log").read_text().splitlines() == log


def test_a_restart_is_foretold_where_a_file_is_about_to_change(tmp_path: Path) -> None:
    conf = str(tmp_path / "conf")
    with commands(tmp_path) as units:
        apply(Machine.from_params({"files": [file(conf)], "units": [unit("u", conf)]}))
        machine = Machine.from_params({"files": [file(conf, "new\n")], "units": [unit("u", conf)]})
        assert differing(machine) == [f"file {conf}", "unit u.service"]
        apply(machine)
        assert differing(machine) == []
        assert (units / "log").read_text().splitlines()[-1] == "restart u.service"


def test_a_mode_that_changes_restarts_nothing(tmp_path: Path) -> None:
    conf = str(tmp_path / "conf")
    with commands(tmp_path):
        apply(Machine.from_params({"files": [file(conf)], "units": [unit("u", conf)]}))
        machine = Machine.from_params({"files": [file(conf, mode="0600")], "units": [unit("u", conf)]})
        assert differing(machine) == [f"file {conf}"]


def test_a_member_that_is_about_to_be_mended_restarts_who_reads_it(tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    name = "thing-v1.0.tar.gz"
    (tmp_path / "published" / name).write_bytes(PUBLISHED[name])
    with commands(tmp_path), served(tmp_path / "published") as url:
        machine = Machine.from_params(
            {
                "archives": [
                    {
                        "name": None,
                        "url": f"{url}/{name}",
                        "checksum": digest(name),
                        "into": "/opt/none",
                        "strip_components": 0,
                        "include": [],
                    }
                ],
                "units": [unit("u", "/opt/none/run"), unit("v", "/opt/other/run")],
            }
        )
        running = "ActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no"
        steps = machine.steps(f"== archive\n== unit\n{running}\n\n{running}\n\n== end\n")
        assert [part.title for part, step in steps if step.changed] == ["archive thing", "unit u.service"]


def test_a_file_in_the_place_of_a_directory_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    machine = Machine.from_params({"files": [file(str(tmp_path / "a")), file(str(tmp_path / "x"))]})
    with pytest.raises(ResourceError, match="cannot change type"):
        apply(machine)
    assert not (tmp_path / "a").exists()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match=f"file {tmp_path}/file/x: .*(exists|directory)"):
        apply(Machine.from_params({"files": [file(f"{tmp_path}/file/x")]}))


def test_what_is_asked_for_twice_is_refused() -> None:
    with pytest.raises(ResourceError, match="node: file /a/b is asked for twice; ask once"):
        Machine.from_params({"files": [file("/a/b"), file("/a/b", "other")]})


options = st.fixed_dictionaries(
    {},
    optional={
        "absent": st.lists(st.sampled_from(["/a/1", "/a/2"]), unique=True),
        "packages": st.lists(st.sampled_from(["socat", "ipset"]), unique=True),
        "files": st.lists(st.sampled_from(["/b/1", "/b/2"]), unique=True).map(lambda x: list(map(file, x))),
        "kernel_modules": st.lists(st.sampled_from(["overlay", "vxlan"]), unique=True),
        "hostname": st.just("host"),
        "sysctls": st.dictionaries(st.sampled_from(["a.b", "a.c"]), st.integers(0, 1)),
        "units": st.lists(st.sampled_from(["u", "v"]), unique=True).map(lambda x: list(map(unit, x))),
    },
)


@given(options)
def test_the_options_are_the_sum_of_their_entries(given_options: dict[str, Any]) -> None:
    machine = Machine.from_params(given_options)
    again = params_of(machine.entries)
    assert again == {name: value for name, value in given_options.items() if value}
    assert [part.title for part in Machine.from_params(again).parts] == [part.title for part in machine.parts]


@given(options, st.randoms())
def test_only_what_differs_is_sent(given_options: dict[str, Any], random: Any) -> None:
    machine = Machine.from_params(given_options)
    chosen = [part for part in machine.parts if random.random() < 0.5]
    sent = {part.title for entry in machine.entries_with(chosen) for part in entry.parts}
    assert {part.title for part in chosen} <= sent
    assert not chosen or len(machine.entries_with(chosen)) <= len(machine.entries)


def test_the_probe_leaves_secrets_out(tmp_path: Path) -> None:
    machine = Machine.from_params({"files": [file(str(tmp_path / "x"), "a-secret-of-some-length")]})
    assert "a-secret-of-some-length" not in machine.probe


def test_the_same_digest_with_and_without_openssl(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("text")
    ask = f'{PRELUDE}\ndigest "{tmp_path}/x" "{tmp_path}/none"'
    with_openssl, without = (
        subprocess.run(["/bin/sh", "-c", text], capture_output=True, text=True, check=False).stdout
        for text in (ask, ask.replace("command -v openssl", "false"))
    )
    assert with_openssl.replace("*", " ") == without.replace("*", " ") != ""
