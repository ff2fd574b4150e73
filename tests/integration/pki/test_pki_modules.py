# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for keys and certificates, run by ansible-playbook."""

from __future__ import annotations

import re
from pathlib import Path

from playbooks import changed, cluster_tasks, run, succeed

SERVER = "https://192.0.2.10:6443"
SECRET = re.compile(r"PRIVATE KEY|client-key-data|LS0tLS1CRUdJTi")
"""What a key looks like, as PEM and as PEM in base 64."""


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_check_then_run_then_run_again(tmp_path: Path) -> None:
    pki = tmp_path / "pki"
    tasks = cluster_tasks(pki, SERVER)

    checked = succeed(tmp_path, tasks, "--check", "--diff", "-vvv")
    assert changed(checked) == len(tasks)
    assert not pki.exists()

    first = succeed(tmp_path, tasks, "--diff", "-vvv")
    assert changed(first) == len(tasks)
    made = contents(pki)

    again = succeed(tmp_path, tasks, "--check", "--diff", "-vvv")
    second = succeed(tmp_path, tasks, "--diff", "-vvv")
    assert changed(again) == changed(second) == 0
    assert contents(pki) == made

    for output in (checked, first, again, second):
        assert not SECRET.search(output)
    keys = [path for path in made if b"PRIVATE KEY" in made[path] or path.name == "admin.conf"]
    assert len(keys) == 9
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_the_diff_says_why_and_shows_no_key(tmp_path: Path) -> None:
    ca = {"packet.kubernetes.ca": {"directory": str(tmp_path), "name": "ca"}}
    kubeconfig = {"path": str(tmp_path / "kubeconfig"), "ca": str(tmp_path / "ca"), "server": SERVER}
    succeed(tmp_path, [ca, {"packet.kubernetes.kubeconfig": kubeconfig}])
    for difference in ({"organizations": ["kubeadm:cluster-admins"]}, {"state": "absent"}):
        output = succeed(
            tmp_path, [{"packet.kubernetes.kubeconfig": kubeconfig | difference}], "--diff", "-vvv"
        )
        assert changed(output) == 1
        assert "organizations" in output
        assert not SECRET.search(output)


def test_an_authority_that_ends_soon_is_warned_of(tmp_path: Path) -> None:
    ca = {"directory": str(tmp_path), "name": "ca"}
    succeed(tmp_path, [{"packet.kubernetes.ca": ca | {"days": 100, "renew_before": 10}}])
    done = run(tmp_path, [{"packet.kubernetes.ca": ca}])
    assert done.returncode == 0
    assert re.search(r"\[WARNING\].*ca\.crt ends [0-9-]+", " ".join((done.stdout + done.stderr).split()))


def test_an_error_is_one_sentence_that_names_both_files(tmp_path: Path) -> None:
    ca = [{"packet.kubernetes.ca": {"directory": str(tmp_path), "name": "ca"}}]
    succeed(tmp_path, ca)
    (tmp_path / "ca.key").unlink()
    done = run(tmp_path, ca, "--check")
    assert done.returncode != 0
    assert "ca.crt is there without its key" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert (tmp_path / "ca.crt").exists()


def test_the_certificates_of_a_cluster_and_their_ends(tmp_path: Path) -> None:
    pki = tmp_path / "pki"
    info = {"packet.kubernetes.certificate_info": {"paths": [str(pki)], "due_within": 4000}}
    shown = {
        "ansible.builtin.debug": {"msg": "{{ held.due | length }} due, {{ held.certificates | length }} held"}
    }
    tasks = [*cluster_tasks(pki, SERVER), {**info, "register": "held"}, shown]
    files = 0
    for arguments in ((), ("--check", "-vvv")):
        output = succeed(tmp_path, tasks, *arguments)
        assert not SECRET.search(output)
        files = sum(path.suffix == ".crt" for path in contents(pki))
        # A kubeconfig holds two.
        assert re.search(rf"{files + 1} due, {files + 2} held", output)
    assert files > 5


def test_certificate_info_refuses_a_time_before_now(tmp_path: Path) -> None:
    done = run(tmp_path, [{"packet.kubernetes.certificate_info": {"due_within": -1}}])
    assert done.returncode != 0
    assert "due_within is -1; allowed are 0 days and more" in done.stdout
