# SPDX-License-Identifier: GPL-3.0-or-later
"""The key pair of the service accounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._pki.key_pairs import KeyPair
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from pki_cases import ca, key_pair, openssl, tree


def test_a_pair_under_kubeadms_names(tmp_path: Path) -> None:
    done = key_pair(tmp_path / "pki" / "sa")
    assert done.after["key_type"] == "rsa-2048"
    assert done.after["public_key"] == "matches the private key"
    assert sorted(tree(tmp_path)) == ["pki/sa.key", "pki/sa.pub"]
    public = openssl("pkey", "-pubout", "-in", tmp_path / "pki" / "sa.key")
    assert (tmp_path / "pki" / "sa.pub").read_text() == public
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "pki").iterdir()}
    assert modes == {"sa.key": 0o600, "sa.pub": 0o644}


def test_the_second_run_changes_nothing_and_check_mode_writes_nothing(tmp_path: Path) -> None:
    assert key_pair(tmp_path / "sa", dry_run=True).changed
    assert tree(tmp_path) == {}
    key_pair(tmp_path / "sa")
    files = tree(tmp_path)
    assert not key_pair(tmp_path / "sa").changed
    assert tree(tmp_path) == files


def test_a_public_key_that_is_missing_is_derived_again(tmp_path: Path) -> None:
    key_pair(tmp_path / "sa")
    files = tree(tmp_path)
    (tmp_path / "sa.pub").unlink()
    done = key_pair(tmp_path / "sa")
    assert done.diff["before"] == {"public_key": "missing"}
    assert done.after["public_key"] == "matches the private key"
    assert tree(tmp_path) == files


def test_a_public_key_alone_or_of_another_is_refused_and_kept(tmp_path: Path) -> None:
    key_pair(tmp_path / "sa")
    key_pair(tmp_path / "other")
    (tmp_path / "sa.pub").write_bytes((tmp_path / "other.pub").read_bytes())
    files = tree(tmp_path)
    with pytest.raises(ResourceError, match=r"sa\.pub is not the public key of .*sa\.key; restore the one"):
        key_pair(tmp_path / "sa")
    assert tree(tmp_path) == files
    (tmp_path / "sa.key").unlink()
    with pytest.raises(ResourceError, match=r"sa\.pub is there without its private key .*sa\.key; put the"):
        key_pair(tmp_path / "sa")


def test_a_public_key_that_is_none_is_named(tmp_path: Path) -> None:
    key_pair(tmp_path / "sa")
    (tmp_path / "sa.pub").write_text("nonsense")
    with pytest.raises(ResourceError, match=r"sa\.pub holds no public key in PEM form; restore or remove it"):
        key_pair(tmp_path / "sa")


def test_a_key_that_goes_away_meanwhile_is_named(tmp_path: Path) -> None:
    pair = KeyPair(str(tmp_path / "sa"))
    with pytest.raises(ResourceError, match=r"sa\.key went away while this ran; run again"):
        pair.update({}, {"public_key": "missing"})


def test_another_key_type_is_refused(tmp_path: Path) -> None:
    key_pair(tmp_path / "sa", key_type="ecdsa-p256")
    assert not key_pair(tmp_path / "sa").changed
    with pytest.raises(ResourceError, match="cannot change key_type"):
        key_pair(tmp_path / "sa", key_type="rsa-2048")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (("-newkey", "ed25519", "-nodes"), "neither RSA nor ECDSA"),
        (("-newkey", "rsa:2048", "-passout", "pass:long-enough"), "has a passphrase"),
    ],
)
def test_keys_that_kubernetes_cannot_read_are_named(tmp_path: Path, form: tuple[str, ...], told: str) -> None:
    openssl(
        "req", "-x509", *form, "-subj", "/CN=x", "-keyout", tmp_path / "sa.key", "-out", tmp_path / "x.crt"
    )
    with pytest.raises(ResourceError, match=rf"sa\.key .*{told}"):
        key_pair(tmp_path / "sa")


def test_absent_leaves_other_files(tmp_path: Path) -> None:
    ca(tmp_path)
    key_pair(tmp_path / "sa")
    assert key_pair(tmp_path / "sa", state="absent").changed
    assert sorted(tree(tmp_path)) == ["ca.crt", "ca.key"]
    assert not key_pair(tmp_path / "sa", state="absent").changed
