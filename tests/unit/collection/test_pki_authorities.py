# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate authorities: kept, healed, renewed with the same key, and never overwritten."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.packet.kubernetes.plugins.filter.ca_cert_hash import FilterModule
from ansible_collections.packet.kubernetes.plugins.module_utils._pki.authorities import Authorities
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from pki_cases import ca, ca_warnings, certificate, openssl, options, tree

ca_cert_hash = FilterModule().filters()["ca_cert_hash"]

KUBEADM = [{"name": name, "common_name": None} for name in ("ca", "front-proxy-ca", "etcd/ca")]


def test_three_authorities_in_one_task_as_kubeadm_names_them(tmp_path: Path) -> None:
    plans = ca(tmp_path, None, authorities=KUBEADM)
    assert plans.changed
    assert {name: each["common_name"] for name, each in plans.after.items()} == {
        "ca": "kubernetes",
        "front-proxy-ca": "front-proxy-ca",
        "etcd/ca": "etcd-ca",
    }
    assert sorted(tree(tmp_path)) == sorted(
        f"{each['name']}.{end}" for each in KUBEADM for end in ("crt", "key")
    )


def test_an_authority_in_a_folder_is_named_after_both(tmp_path: Path) -> None:
    assert ca(tmp_path, "apps/web").after["apps/web"]["common_name"] == "apps-web"
    assert ca(tmp_path, "x" * 64).after["x" * 64]["common_name"] == "x" * 64


def test_it_says_that_it_may_sign_certificates_and_revocations(tmp_path: Path) -> None:
    ca(tmp_path)
    said = openssl("x509", "-noout", "-ext", "basicConstraints,keyUsage", "-in", tmp_path / "ca.crt")
    assert [line.strip() for line in said.splitlines()] == [
        "X509v3 Basic Constraints: critical",
        "CA:TRUE",
        "X509v3 Key Usage: critical",
        "Digital Signature, Certificate Sign, CRL Sign",
    ]


def test_the_second_run_changes_nothing(tmp_path: Path) -> None:
    ca(tmp_path, None, authorities=KUBEADM)
    files = tree(tmp_path)
    plans = ca(tmp_path, None, authorities=KUBEADM)
    assert not plans.changed
    assert plans.diff == {"before": {}, "after": {}}
    assert tree(tmp_path) == files


def test_check_mode_foretells_and_writes_nothing(tmp_path: Path) -> None:
    foretold = ca(tmp_path / "pki", dry_run=True)
    assert not (tmp_path / "pki").exists()
    done = ca(tmp_path / "pki")
    assert foretold.changed
    assert foretold.diff == done.diff


def test_modes_let_nobody_else_read_a_key(tmp_path: Path) -> None:
    ca(tmp_path / "assets" / "pki", "etcd/ca")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "assets").rglob("*")}
    assert modes == {"pki": 0o700, "etcd": 0o700, "ca.key": 0o600, "ca.crt": 0o644}
    assert (tmp_path / "assets").stat().st_mode & 0o777 == 0o700


def test_modes_that_were_opened_are_closed_and_nothing_else_happens(tmp_path: Path) -> None:
    ca(tmp_path)
    files = tree(tmp_path)
    (tmp_path / "ca.key").chmod(0o644)
    plans = ca(tmp_path)
    assert plans.diff == {"before": {"ca": {"key_mode": "0644"}}, "after": {"ca": {"key_mode": "0600"}}}
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o600
    assert tree(tmp_path) == files


@pytest.mark.parametrize("key_type", ["ecdsa-p256", "rsa-2048", "rsa-4096"])
def test_every_key_type_makes_an_authority_that_openssl_accepts(tmp_path: Path, key_type: str) -> None:
    plans = ca(tmp_path, key_type=key_type, organization="lab")
    assert plans.after["ca"]["key_type"] == key_type
    openssl("verify", "-x509_strict", "-CAfile", tmp_path / "ca.crt", tmp_path / "ca.crt")
    assert "O = lab, CN = kubernetes" in openssl("x509", "-noout", "-subject", "-in", tmp_path / "ca.crt")
    assert ca(tmp_path).after["ca"]["key_type"] == key_type


def test_the_discovery_hash_is_the_digest_of_the_public_key(tmp_path: Path) -> None:
    pin = ca(tmp_path).after["ca"]["discovery_hash"]
    public = openssl("x509", "-noout", "-pubkey", "-in", tmp_path / "ca.crt")
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"],
        input=public.encode(),
        capture_output=True,
        check=True,
    ).stdout
    assert pin == f"sha256:{hashlib.sha256(der).hexdigest()}"


def test_the_filter_gives_the_same_pin(tmp_path: Path) -> None:
    pin = ca(tmp_path).after["ca"]["discovery_hash"]
    assert ca_cert_hash(str(tmp_path / "ca.crt")) == pin
    with pytest.raises(AnsibleFilterError, match=r"there is no .*other\.crt; make it with module ca"):
        ca_cert_hash(str(tmp_path / "other.crt"))
    with pytest.raises(AnsibleFilterError, match=r"ca\.key holds no certificate"):
        ca_cert_hash(str(tmp_path / "ca.key"))


def test_an_interruption_after_the_key_is_healed_with_that_key(tmp_path: Path) -> None:
    ca(tmp_path)
    key = (tmp_path / "ca.key").read_bytes()
    (tmp_path / "ca.crt").unlink()
    foretold = ca(tmp_path, dry_run=True)
    assert foretold.diff["before"] == {"ca": {"certificate": "missing"}}
    assert not (tmp_path / "ca.crt").exists()
    assert ca(tmp_path).diff == foretold.diff
    assert (tmp_path / "ca.key").read_bytes() == key
    openssl("verify", "-CAfile", tmp_path / "ca.crt", tmp_path / "ca.crt")
    assert not ca(tmp_path).changed


def test_a_certificate_without_its_key_is_refused_and_kept(tmp_path: Path) -> None:
    ca(tmp_path)
    (tmp_path / "ca.key").unlink()
    files = tree(tmp_path)
    with pytest.raises(ResourceError, match=r"ca\.crt is there without its key .*ca\.key; put the key back"):
        ca(tmp_path)
    assert tree(tmp_path) == files


def test_a_pair_that_does_not_belong_together_is_refused_and_kept(tmp_path: Path) -> None:
    ca(tmp_path)
    ca(tmp_path, "other")
    (tmp_path / "ca.key").write_bytes((tmp_path / "other.key").read_bytes())
    files = tree(tmp_path)
    with pytest.raises(ResourceError, match=r"ca\.key is not the key of .*ca\.crt; restore the one"):
        ca(tmp_path)
    assert tree(tmp_path) == files


def test_one_broken_pair_stops_the_task_before_the_others_are_made(tmp_path: Path) -> None:
    ca(tmp_path)
    (tmp_path / "ca.key").unlink()
    files = tree(tmp_path)
    with pytest.raises(ResourceError):
        ca(tmp_path, None, authorities=KUBEADM)
    assert tree(tmp_path) == files


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"common_name": "mine"}, "common_name (is 'kubernetes', wanted 'mine')"),
        ({"organization": "lab"}, "organization (is None, wanted 'lab')"),
        ({"key_type": "rsa-2048"}, "key_type (is 'ecdsa-p256', wanted 'rsa-2048')"),
    ],
)
def test_what_is_fixed_is_refused(tmp_path: Path, asked: dict[str, str], told: str, dry_run: bool) -> None:
    ca(tmp_path)
    with pytest.raises(ResourceError) as error:
        ca(tmp_path, dry_run=dry_run, **asked)
    assert str(error.value) == (
        f"ca ca: cannot change {told} once it exists; "
        "keep the value, or remove the object (state: absent) and make it anew"
    )


def test_the_result_has_all_that_was_asked_for_whatever_happened_to_each(tmp_path: Path) -> None:
    names = [each["name"] for each in KUBEADM]
    assert list(ca(tmp_path, None, authorities=KUBEADM, dry_run=True).after) == names
    ca(tmp_path, None, authorities=KUBEADM)
    (tmp_path / "ca.key").chmod(0o644)
    assert list(ca(tmp_path, None, authorities=KUBEADM).after) == names
    (tmp_path / "front-proxy-ca.key").unlink()
    (tmp_path / "front-proxy-ca.crt").unlink()
    assert list(ca(tmp_path, None, authorities=KUBEADM).after) == names
    assert ca(tmp_path, None, authorities=KUBEADM, state="absent", dry_run=True).after == {}


def test_days_do_not_change_what_exists(tmp_path: Path) -> None:
    ends = ca(tmp_path).after["ca"]["ends"]
    again = ca(tmp_path, days=200)
    assert not again.changed
    assert again.after["ca"]["ends"] == ends


def test_an_end_that_is_near_is_warned_of(tmp_path: Path) -> None:
    ca(tmp_path, days=100, renew_before=10)
    assert not ca(tmp_path).changed
    (warning,) = ca_warnings(tmp_path)
    assert warning.startswith(f"{tmp_path}/ca.crt ends ")
    assert warning.endswith("run with renew: true")
    ca(tmp_path, renew=True)
    assert ca_warnings(tmp_path) == []


def test_renewal_keeps_key_and_pin_and_all_that_was_issued(tmp_path: Path) -> None:
    before = ca(tmp_path, days=100, renew_before=10).after["ca"]
    certificate(tmp_path / "leaf", tmp_path / "ca", days=90, renew_before=1)
    leaf = (tmp_path / "leaf.crt").read_bytes()
    foretold = ca(tmp_path, renew=True, dry_run=True)
    renewed = ca(tmp_path, renew=True)
    assert foretold.diff == renewed.diff
    assert renewed.diff["before"]["ca"]["certificate"].startswith("ends ")
    after = renewed.after["ca"]
    assert after["ends"] > before["ends"]
    assert after["discovery_hash"] == before["discovery_hash"]
    openssl("verify", "-CAfile", tmp_path / "ca.crt", tmp_path / "leaf.crt")
    assert not certificate(tmp_path / "leaf", tmp_path / "ca", days=90, renew_before=1).changed
    assert (tmp_path / "leaf.crt").read_bytes() == leaf
    assert not ca(tmp_path, renew=True).changed


def test_an_authority_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    key, crt = tmp_path / "ca.key", tmp_path / "ca.crt"
    openssl("req", "-x509", "-newkey", "rsa:3072", "-nodes", "-subj", "/O=mine/CN=root", "-days", "3000",
            "-keyout", key, "-out", crt)  # fmt: skip
    key.chmod(0o600)
    crt.chmod(0o644)
    plans = ca(tmp_path)
    assert not plans.changed
    assert plans.after["ca"]["common_name"] == "root"
    assert plans.after["ca"]["organization"] == "mine"
    assert plans.after["ca"]["key_type"] == "rsa-3072"


def test_an_authority_of_ones_own_keeps_its_name_when_it_is_renewed(tmp_path: Path) -> None:
    key, crt = tmp_path / "ca.key", tmp_path / "ca.crt"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=mine/CN=root", "-days", "30",
            "-keyout", key, "-out", crt)  # fmt: skip
    assert ca(tmp_path, renew=True).changed
    assert openssl("x509", "-noout", "-subject", "-in", crt).strip() == "subject=O = mine, CN = root"


def test_a_leaf_certificate_is_no_authority(tmp_path: Path) -> None:
    ca(tmp_path)
    certificate(tmp_path / "leaf", tmp_path / "ca")
    with pytest.raises(ResourceError, match="may not sign others; give another name"):
        ca(tmp_path, "leaf")


def test_a_certificate_that_does_not_say_that_it_may_sign_is_no_authority(tmp_path: Path) -> None:
    key, request = tmp_path / "ca.key", tmp_path / "ca.csr"
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-signkey", key, "-out", tmp_path / "ca.crt")
    with pytest.raises(ResourceError, match="may not sign others"):
        ca(tmp_path)


def test_a_key_that_goes_away_meanwhile_is_named(tmp_path: Path) -> None:
    ca(tmp_path)
    authorities = Authorities.from_params(options(Authorities, {"directory": str(tmp_path), "name": "ca"}))
    (tmp_path / "ca.key").unlink()
    with pytest.raises(ResourceError, match=r"ca ca: .*ca\.key went away while this ran; run again"):
        authorities.update({}, {"ca": {"certificate": "current"}})


def test_absent_removes_both_files_and_twice_is_fine(tmp_path: Path) -> None:
    ca(tmp_path, None, authorities=KUBEADM)
    assert ca(tmp_path, None, authorities=KUBEADM, state="absent").changed
    assert tree(tmp_path) == {}
    assert not ca(tmp_path, None, authorities=KUBEADM, state="absent").changed


def test_absent_removes_a_key_alone_too(tmp_path: Path) -> None:
    ca(tmp_path)
    (tmp_path / "ca.crt").unlink()
    assert ca(tmp_path, state="absent").changed
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"days": 0}, "days is 0; allowed are 1 to 36500"),
        ({"days": 30, "renew_before": 30}, "renew_before is 30; allowed are 0 up to less than days"),
        ({"name": "../ca"}, "name is '../ca'"),
        ({"name": "/etc/ca"}, "name is '/etc/ca'"),
        ({"name": ""}, "name is ''"),
        ({"name": "./"}, "name is './'"),
        ({"common_name": "x" * 65}, "common_name is"),
        ({"organization": "x" * 65}, "organization"),
    ],
)
def test_values_that_cannot_be_are_refused(tmp_path: Path, asked: dict[str, object], told: str) -> None:
    with pytest.raises(ResourceError) as error:
        ca(tmp_path, **{"name": "ca", **asked})
    assert told in str(error.value)


@pytest.mark.parametrize("ending", ["key", "crt"])
def test_what_is_no_pem_is_named(tmp_path: Path, ending: str) -> None:
    ca(tmp_path)
    (tmp_path / f"ca.{ending}").write_text("nonsense")
    with pytest.raises(ResourceError, match=rf"ca\.{ending} holds no .* in PEM form"):
        ca(tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match=r"cannot (read|write) .*file/pki/ca\.key: Not a directory"):
        ca(tmp_path / "file" / "pki")
