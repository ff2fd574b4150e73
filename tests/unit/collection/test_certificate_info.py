# SPDX-License-Identifier: GPL-3.0-or-later
"""What certificate_info tells of the certificates on a machine, and what it never tells."""

from __future__ import annotations

import os
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from ansible_collections.packet.kubernetes.plugins.plugin_utils._certificate_info import read, script
from pki_cases import ca, certificate, kubeconfig


def told(*paths: Path) -> str:
    """The output of the script, run as a machine runs it."""
    text = script([str(path) for path in paths])
    done = subprocess.run(["/bin/sh"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def held(*paths: Path, within: int = 30) -> dict[tuple[str, str | None], dict[str, Any]]:
    """The certificates by file name and field."""
    found = read(told(*paths), datetime.now(UTC), timedelta(days=within))
    return {(Path(one["path"]).name, one["field"]): one for one in found}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder as a control plane has it."""
    ca(tmp_path)
    certificate(
        *(tmp_path / "apiserver", tmp_path / "ca"),
        common_name="kube-apiserver",
        dns_names=["kubernetes"],
        ip_addresses=["172.25.0.1"],
        usages=["server"],
        days=300,
    )
    certificate(tmp_path / "short", tmp_path / "ca", days=20, renew_before=1)
    kubeconfig(tmp_path / "admin.conf", tmp_path / "ca", organizations=["system:masters"])
    kubelet = tmp_path / "kubelet"
    kubelet.mkdir()
    pair = (tmp_path / "short.crt").read_text() + (tmp_path / "short.key").read_text()
    for name in ("kubelet-client-2026-01-01-00-00-00.pem", "kubelet-client-2026-02-02-00-00-00.pem"):
        (kubelet / name).write_text(pair)
    (kubelet / "kubelet-client-current.pem").symlink_to("kubelet-client-2026-02-02-00-00-00.pem")
    return tmp_path


def test_everything_a_machine_holds_is_told_with_its_end(machine: Path) -> None:
    found = held(machine)
    assert set(found) == {
        ("ca.crt", None),
        ("apiserver.crt", None),
        ("short.crt", None),
        ("kubelet-client-current.pem", None),
        ("admin.conf", "client-certificate-data"),
        ("admin.conf", "certificate-authority-data"),
    }
    server = found["apiserver.crt", None]
    assert (server["common_name"], server["dns_names"], server["ip_addresses"], server["usages"]) == (
        *("kube-apiserver", ["kubernetes"], ["172.25.0.1"]),
        ["server"],
    )
    assert server["days_left"] in (299, 300)
    assert not server["authority"]
    assert found["admin.conf", "client-certificate-data"]["organizations"] == ["system:masters"]
    assert (
        found["admin.conf", "certificate-authority-data"]["fingerprint"]
        == found["ca.crt", None]["fingerprint"]
    )
    assert found["ca.crt", None]["authority"]


def test_what_ends_first_comes_first_and_is_due(machine: Path) -> None:
    found = list(held(machine).items())
    assert {key[0] for key, one in found if one["due"]} == {"short.crt", "kubelet-client-current.pem"}
    assert [one["due"] for _, one in found[:2]] == [True, True]
    assert not any(one["due"] for one in held(machine, within=10).values())


def test_what_has_ended_is_due_and_has_less_than_no_days_left(machine: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=25)
    first = read(told(machine / "short.crt"), later, timedelta(0))[0]
    assert first["due"]
    assert first["days_left"] < 0


def test_private_keys_do_not_leave_the_machine(machine: Path) -> None:
    output = told(machine)
    assert "PRIVATE" not in output
    assert "client-key-data" not in output


def test_a_file_is_read_whatever_its_name_and_what_is_missing_is_no_error(machine: Path) -> None:
    odd = machine / "it's $(odd)"
    odd.write_bytes((machine / "ca.crt").read_bytes())
    assert set(held(odd, machine / "nothing")) == {(odd.name, None)}
    assert held(machine / "nothing") == {}


def test_a_certificate_that_is_damaged_is_an_error_that_names_the_file(machine: Path) -> None:
    (machine / "apiserver.crt").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(ResourceError, match=r"apiserver\.crt holds no certificate"):
        held(machine)
    (machine / "apiserver.crt").unlink()
    (machine / "admin.conf").write_text("    certificate-authority-data: AAA\n")
    with pytest.raises(ResourceError, match=r"certificate-authority-data of .*admin\.conf is not base 64"):
        held(machine)


def test_an_answer_that_was_cut_off_is_an_error() -> None:
    with pytest.raises(ResourceError, match="did not answer to the end; its last words: sudo: no"):
        read("sudo: no\n", datetime.now(UTC), timedelta(0))


def test_what_may_not_be_read_is_an_error(machine: Path) -> None:
    hidden, visible = machine / "kubelet", machine / "ca.crt"
    hidden.chmod(0)
    visible.chmod(0)
    for folder in (machine, *machine.parents):
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)
    # Root may read everything.
    somebody = ["setpriv", "--reuid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
    for path in (hidden, hidden / "pki", visible, machine):
        text = script([str(path)])
        done = subprocess.run([*somebody, "/bin/sh"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode != 0, path
        assert "ermission denied" in done.stderr
    hidden.chmod(0o755)
