# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Kinds of kubeadm do beyond what every Kind does: interruptions, and what is never told."""

from __future__ import annotations

import fcntl
import json
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.kubeadm import (
    checked_config,
    last_words,
    redacted,
)
from ansible_collections.packet.kubernetes.plugins.module_utils._kubeadm.reset import Remains
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import (
    Kind,
    Plan,
    ResourceError,
    reconcile,
)
from hypothesis import given
from hypothesis import strategies as st
from kinds_kubeadm import JOIN, control_plane, membership
from kubeadm_fakes import KUBEADM, FakeMachine, all_objects, machine
from node_fakes import commands

MEMBER = "var/lib/etcd/member/data"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[FakeMachine]:
    with commands(tmp_path, kubeadm=KUBEADM) as units:
        units.mkdir()
        yield machine(tmp_path)


def settle(kind: Kind, *, absent: bool = False, dry_run: bool = False) -> Plan:
    return reconcile(kind, None if absent else kind.wanted(), dry_run=dry_run)  # type: ignore[attr-defined]


def log(node: FakeMachine) -> list[str]:
    file = node.root.parent / "log"
    return file.read_text().splitlines() if file.exists() else []


# ---- what is never told

words = st.text(string.ascii_lowercase + string.digits, min_size=6, max_size=6)


@given(st.text(), words, st.text(string.ascii_lowercase + string.digits, min_size=16, max_size=16), st.text())
def test_no_token_is_told(before: str, first: str, second: str, after: str) -> None:
    assert second not in redacted(f"{before} {first}.{second} {after}").replace(before, "").replace(after, "")


def test_keys_are_not_told_but_pins_are() -> None:
    key, pin = "a1" * 32, "b2" * 32
    said = f"--certificate-key {key} --discovery-token-ca-cert-hash sha256:{pin}"
    assert redacted(said) == f"--certificate-key (secret) --discovery-token-ca-cert-hash sha256:{pin}"
    assert "MII" not in redacted("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----")
    assert "MII" not in redacted("broken off -----BEGIN PRIVATE KEY-----\nMII")


def test_an_error_says_the_essential() -> None:
    kernel = "\n".join(f"\x1b[0;37mCONFIG_{number}\x1b[0m: \x1b[0;32menabled\x1b[0m" for number in range(50))
    said = last_words(f"first\n{kernel}\n[ERROR Swap]: no\n" + "line\n" * 10)
    assert said.startswith("first\n[ERROR Swap]: no\nline")
    assert "\x1b" not in said


@pytest.mark.parametrize(
    "config",
    ["apiVersion: x", "---\napiVersion: x", '{"apiVersion": "x"}', '{"kind": "y", "apiVersion": "x"}'],
)
def test_configurations_in_yaml_and_json(config: str) -> None:
    assert checked_config(config) == config


@pytest.mark.parametrize("config", ["", "token: abcdef.0123456789abcdef", "[{'apiVersion': 'x'}]"])
def test_what_is_no_configuration_is_not_repeated(config: str) -> None:
    with pytest.raises(ResourceError, match="kubeadm: config is no YAML text") as caught:
        checked_config(config)
    assert not config or config not in str(caught.value)


def test_a_failure_tells_no_token_and_leaves_no_configuration(node: FakeMachine) -> None:
    (node.root.parent / "stop").write_text("2")
    with pytest.raises(
        ResourceError, match=r"kubeadm join failed with code 1; it said:\n\[certs\] token \(secret\)"
    ):
        settle(membership(node))
    assert [path.name for path in node.run.iterdir()] == ["packet-kubeadm.lock"]


# ---- interruptions


@pytest.mark.parametrize("stop", range(12))
def test_an_init_that_stopped_anywhere_is_completed_with_what_is_there(node: FakeMachine, stop: int) -> None:
    (node.etc / "pki/ca.key").write_text("authority")
    (node.root.parent / "stop").write_text(str(stop))
    with pytest.raises(ResourceError, match="kubeadm init failed"):
        settle(control_plane(node))
    if (data := node.root / MEMBER).exists():
        data.write_text("precious")
    (node.root.parent / "stop").unlink()
    assert settle(control_plane(node), dry_run=True).changed
    assert settle(control_plane(node)).changed
    assert not settle(control_plane(node)).changed
    assert not any(line.startswith("reset") for line in log(node))
    assert (node.etc / "pki/ca.key").read_text() == "authority"
    assert (node.root / MEMBER).read_text() == ("precious" if stop > 7 else "init")


@pytest.mark.parametrize("missing", all_objects())
def test_what_is_missing_in_the_cluster_is_completed(node: FakeMachine, missing: str) -> None:
    settle(control_plane(node))
    there = [*all_objects(), f"/api/v1/nodes/{node.node_name}"]
    (node.root.parent / "cluster.json").write_text(json.dumps([path for path in there if path != missing]))
    assert settle(control_plane(node), dry_run=True).diff["before"] == {
        "missing": [missing.rsplit("/", 1)[-1]]
    }


def test_what_skipped_phases_would_leave_is_not_missed(node: FakeMachine) -> None:
    settle(control_plane(node))
    there = [path for path in all_objects() if "proxy" not in path and "dns" not in path]
    (node.root.parent / "cluster.json").write_text(json.dumps([*there, f"/api/v1/nodes/{node.node_name}"]))
    assert settle(control_plane(node), dry_run=True).changed
    assert not settle(control_plane(node, "addon"), dry_run=True).changed
    assert not settle(control_plane(node, "addon/kube-proxy", "addon/coredns"), dry_run=True).changed


def test_only_a_second_attempt_passes_over_what_the_first_one_left(node: FakeMachine) -> None:
    (node.root.parent / "stop").write_text("9")
    with pytest.raises(ResourceError):
        settle(control_plane(node))
    (node.root.parent / "stop").unlink()
    settle(control_plane(node))
    first, second = log(node)
    assert "--ignore-preflight-errors=Swap " in first
    etc = str(node.etc).replace("/", "-")
    assert f"FileAvailable-{etc}-manifests-etcd.yaml" in second
    assert "Port-10250" in second


def test_a_whole_control_plane_that_does_not_answer_is_left_alone(node: FakeMachine) -> None:
    settle(control_plane(node))
    (node.root.parent / "down").touch()
    with pytest.raises(ResourceError, match=r"was not ready within 20 s; nothing was changed\. Look at"):
        settle(control_plane(node))
    settle_join = membership(node, control_plane=True)
    with pytest.raises(ResourceError, match="nothing was removed"):
        settle(settle_join)
    assert len(log(node)) == 1


@pytest.mark.parametrize("stop", range(12))
def test_a_join_that_stopped_anywhere_is_done_again_with_the_same_authorities(
    node: FakeMachine, stop: int
) -> None:
    for name in ("ca.key", "etcd/ca.key", "apiserver.key"):
        (node.etc / "pki" / name).write_text(name)
    (node.root.parent / "stop").write_text(str(stop))
    with pytest.raises(ResourceError, match="kubeadm join failed"):
        settle(membership(node, control_plane=True))
    (node.root.parent / "stop").unlink()
    assert settle(membership(node, control_plane=True)).changed
    assert not settle(membership(node, control_plane=True)).changed
    assert {path.name for path in (node.etc / "pki").rglob("*") if path.is_file()} == {"ca.key"}


def test_a_control_plane_that_the_cluster_does_not_know_is_joined_again(node: FakeMachine) -> None:
    settle(membership(node, control_plane=True))
    (node.root.parent / "cluster.json").write_text("[]")
    step = settle(membership(node, control_plane=True), dry_run=True)
    assert "label node-role.kubernetes.io/control-plane" in step.diff["before"]["missing"][0]


def test_a_node_whose_kubelet_stands_still_is_started_and_not_joined_again(node: FakeMachine) -> None:
    settle(membership(node))
    (node.root.parent / "units/kubelet.since").unlink()
    assert settle(membership(node)).diff["before"] == {"kubelet": "inactive"}
    assert node.kubelet_active()
    assert len(log(node)) == 1


def test_halves_of_certificates_are_dropped_and_authorities_are_not(node: FakeMachine) -> None:
    pki = node.etc / "pki"
    for name in ("apiserver.key", "etcd/peer.crt", "etcd/server.crt", "ca.key", "etcd/ca.crt", "sa.pub"):
        (pki / name).write_text("half")
    (pki / "etcd/server.key").write_text("")
    for name in ("whole.crt", "whole.key"):
        (pki / name).write_text("whole")
    node.drop_halves()
    left = {str(path.relative_to(pki)) for path in pki.rglob("*") if path.is_file()}
    assert left == {"ca.key", "etcd/ca.crt", "sa.pub", "whole.crt", "whole.key"}


def test_one_kubeadm_at_a_time(node: FakeMachine) -> None:
    with open(node.run / "packet-kubeadm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ResourceError, match="another one is still running on this machine"):
            settle(membership(node, timeout=0.1))
    assert log(node) == []


def test_what_a_killed_run_left_running_is_waited_for_and_not_undone(node: FakeMachine) -> None:
    lock = node.run / "packet-kubeadm.lock"
    slow = f"import fcntl, time\nlock = open({str(lock)!r}, 'w')\nfcntl.flock(lock, fcntl.LOCK_EX)\n"
    slow += f"print(flush=True); time.sleep(1)\n{KUBEADM}"
    config = node.root.parent / "left.yaml"
    config.write_text(JOIN)
    config.chmod(0o600)
    program = node.root.parent / "bin/slow"
    program.write_text(slow)
    left = subprocess.Popen(
        [sys.executable, "-S", str(program), "join", "--config", str(config)], stdout=subprocess.PIPE
    )
    assert left.stdout
    left.stdout.readline()
    assert not settle(membership(node)).changed
    assert left.wait() == 0
    assert log(node) == [f"join --config {config}"]


def test_a_kubeadm_that_hangs_is_stopped(tmp_path: Path) -> None:
    with commands(tmp_path, kubeadm="import time; print('waiting', flush=True); time.sleep(60)"):
        with pytest.raises(
            ResourceError, match="did not end within 2 s and was stopped; a next run"
        ) as caught:
            settle(membership(machine(tmp_path), timeout=2))
        assert "waiting" in str(caught.value)


def test_remains_of_a_cluster_are_removed_with_all_authorities(node: FakeMachine) -> None:
    settle(control_plane(node))
    (node.etc / "pki/ca.key").write_text("authority")
    assert settle(Remains(20, node), absent=True).changed
    assert not [path for path in node.etc.rglob("*") if path.is_file()]
    assert log(node)[-1] == "reset --force"
