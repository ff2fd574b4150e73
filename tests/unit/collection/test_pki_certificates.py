# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that an authority issues: what makes one due, and that others accept the result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._pki import issuing, keys
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pki_cases import ca, certificate, openssl, tree

WEB = {
    "common_name": "web",
    "organizations": ["shop", "audit"],
    "dns_names": ["web.example.com", "*.example.com"],
    "ip_addresses": ["192.0.2.20", "2001:db8:0::7"],
    "usages": ["server", "client"],
}


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    ca(tmp_path / "pki")
    return tmp_path / "pki" / "ca"


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return tmp_path / "certificates" / "web"


def crt(path: Path) -> Path:
    return path.with_name(f"{path.name}.crt")


def key(path: Path) -> Path:
    return path.with_name(f"{path.name}.key")


@pytest.mark.parametrize("authority_key", ["ecdsa-p256", "rsa-2048"])
@pytest.mark.parametrize("leaf_key", ["ecdsa-p256", "rsa-2048"])
def test_openssl_accepts_the_chain_for_both_usages(
    tmp_path: Path, web: Path, authority_key: str, leaf_key: str
) -> None:
    ca(tmp_path, key_type=authority_key)
    certificate(web, tmp_path / "ca", key_type=leaf_key, **WEB)
    for purpose in ("sslserver", "sslclient"):
        openssl("verify", "-x509_strict", "-purpose", purpose, "-CAfile", tmp_path / "ca.crt", crt(web))
    for host in ("web.example.com", "any.example.com"):
        openssl("verify", "-verify_hostname", host, "-CAfile", tmp_path / "ca.crt", crt(web))
    for address in ("192.0.2.20", "2001:db8::7"):
        openssl("verify", "-verify_ip", address, "-CAfile", tmp_path / "ca.crt", crt(web))


def test_a_client_certificate_is_none_for_servers(tmp_path: Path, authority: Path, web: Path) -> None:
    certificate(web, authority)
    openssl("verify", "-purpose", "sslclient", "-CAfile", crt(authority), crt(web))
    with pytest.raises(AssertionError, match="unsuitable certificate purpose"):
        openssl("verify", "-purpose", "sslserver", "-CAfile", crt(authority), crt(web))


def test_what_it_says_is_critical_where_rfc_5280_wants_it(authority: Path, web: Path) -> None:
    certificate(web, authority, **WEB)
    names = "basicConstraints,keyUsage,extendedKeyUsage,subjectAltName"
    said = openssl("x509", "-noout", "-ext", names, "-in", crt(web)).splitlines()
    assert dict(zip(map(str.strip, said[::2]), map(str.strip, said[1::2]), strict=True)) == {
        "X509v3 Basic Constraints: critical": "CA:FALSE",
        "X509v3 Key Usage: critical": "Digital Signature, Key Encipherment",
        "X509v3 Extended Key Usage:": "TLS Web Server Authentication, TLS Web Client Authentication",
        "X509v3 Subject Alternative Name:": "DNS:web.example.com, DNS:*.example.com, "
        "IP Address:192.0.2.20, IP Address:2001:DB8:0:0:0:0:0:7",
    }


def test_a_usage_without_a_name_here_is_shown_by_its_number(authority: Path, web: Path) -> None:
    web.parent.mkdir()
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=web", "-keyout", key(web),
            "-out", crt(web), "-addext", "extendedKeyUsage=clientAuth,codeSigning")  # fmt: skip
    found = certificate(web, authority, dry_run=True).diff["before"]
    assert found["usages"] == ["client", "1.3.6.1.5.5.7.3.3"]


def test_the_second_run_changes_nothing_in_whatever_order_it_asks(authority: Path, web: Path) -> None:
    certificate(web, authority, **WEB)
    files = tree(web.parent)
    reversed_lists = {name: value[::-1] if isinstance(value, list) else value for name, value in WEB.items()}
    assert not certificate(web, authority, **reversed_lists).changed
    assert tree(web.parent) == files


def test_modes(authority: Path, web: Path) -> None:
    certificate(web, authority)
    assert [path.stat().st_mode & 0o777 for path in (web.parent, key(web), crt(web))] == [0o700, 0o600, 0o644]
    key(web).chmod(0o640)
    files = tree(web.parent)
    assert certificate(web, authority).diff == {"before": {"key_mode": "0640"}, "after": {"key_mode": "0600"}}
    assert key(web).stat().st_mode & 0o777 == 0o600
    assert tree(web.parent) == files


@pytest.mark.parametrize(
    ("asked", "attribute"),
    [
        ({"common_name": "shop"}, "common_name"),
        ({"organizations": ["shop"]}, "organizations"),
        ({"dns_names": ["web.example.com"]}, "dns_names"),
        ({"ip_addresses": ["192.0.2.21"]}, "ip_addresses"),
        ({"usages": ["client"]}, "usages"),
        ({"key_type": "rsa-2048"}, "key_type"),
        ({"days": 1000, "renew_before": 500}, "certificate"),
    ],
)
def test_the_diff_says_why_it_is_issued_anew(
    authority: Path, web: Path, asked: dict[str, object], attribute: str
) -> None:
    certificate(web, authority, **WEB)
    before = key(web).read_bytes()
    foretold = certificate(web, authority, **WEB | asked, dry_run=True)
    assert key(web).read_bytes() == before
    done = certificate(web, authority, **WEB | asked)
    assert foretold.diff == done.diff
    assert set(done.diff["before"]) == {attribute}
    assert key(web).read_bytes() != before
    assert not certificate(web, authority, **WEB | asked).changed


def test_another_authority_of_the_same_name_issues_anew(tmp_path: Path, authority: Path, web: Path) -> None:
    certificate(web, authority)
    ca(tmp_path / "other")
    done = certificate(web, tmp_path / "other" / "ca")
    assert done.diff["before"] == {"issuer": "kubernetes, another authority"}
    assert done.diff["after"]["issuer"].startswith("kubernetes sha256:")
    openssl("verify", "-CAfile", tmp_path / "other" / "ca.crt", crt(web))


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("key", {"key": "missing", "key_mode": None}),
        ("certificate", {}),
        ("match", {"key": "does not match the certificate"}),
    ],
)
def test_what_an_interruption_leaves_is_healed(
    tmp_path: Path, authority: Path, web: Path, lost: str, told: dict[str, Any]
) -> None:
    certificate(web, authority)
    if lost == "key":
        key(web).unlink()
    elif lost == "certificate":
        crt(web).unlink()
    else:
        certificate(tmp_path / "other", authority)
        key(web).write_bytes(key(tmp_path / "other").read_bytes())
    healed = certificate(web, authority)
    assert healed.changed
    assert healed.diff["before"] == told
    assert healed.after["key"] == "matches the certificate"
    assert not certificate(web, authority).changed
    assert openssl("x509", "-noout", "-pubkey", "-in", crt(web)) == openssl(
        "pkey", "-pubout", "-in", key(web)
    )


def test_it_never_outlives_its_authority_and_is_then_not_issued_at_every_run(
    tmp_path: Path, web: Path
) -> None:
    ends = ca(tmp_path, days=30, renew_before=1).after["ca"]["ends"]
    assert certificate(web, tmp_path / "ca", days=365, renew_before=60).after["ends"] == ends
    assert not certificate(web, tmp_path / "ca", days=365, renew_before=60).changed


def test_check_mode_does_without_an_authority_and_the_run_itself_does_not(tmp_path: Path, web: Path) -> None:
    assert certificate(web, tmp_path / "ca", dry_run=True).changed
    with pytest.raises(ResourceError, match=r"cannot sign: there is no .*ca\.crt; make it with module ca"):
        certificate(web, tmp_path / "ca")
    assert tree(tmp_path) == {}


def test_an_authority_without_its_key_cannot_sign(authority: Path, web: Path) -> None:
    key(authority).unlink()
    with pytest.raises(ResourceError, match=r"cannot sign: there is no .*ca\.key"):
        certificate(web, authority)


def test_an_authority_with_the_key_of_another_cannot_sign(tmp_path: Path, authority: Path, web: Path) -> None:
    ca(tmp_path / "other")
    key(authority).write_bytes((tmp_path / "other" / "ca.key").read_bytes())
    with pytest.raises(ResourceError, match=r"cannot sign: .*ca\.key is not the key of .*ca\.crt"):
        certificate(web, authority)


def test_an_authority_that_has_ended_cannot_sign(tmp_path: Path, web: Path) -> None:
    ended = datetime.now(UTC) - timedelta(hours=1)
    signing = keys.generate("ecdsa-p256")
    old = issuing.self_signed(signing, issuing.subject("old", []), now=ended - timedelta(days=9), until=ended)
    (tmp_path / "ca.crt").write_bytes(issuing.pem(old))
    (tmp_path / "ca.key").write_bytes(keys.private_pem(signing))
    with pytest.raises(ResourceError, match="ca has ended; renew it with module ca and renew: true"):
        certificate(web, tmp_path / "ca")


def test_absent_removes_both_files_and_twice_is_fine(authority: Path, web: Path) -> None:
    certificate(web, authority)
    assert certificate(web, authority, state="absent").changed
    assert tree(web.parent) == {}
    assert not certificate(web, authority, state="absent").changed


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"common_name": ""}, "common_name is ''; allowed are 1 to 64 characters"),
        ({"organizations": ["x" * 65]}, "organizations is"),
        ({"dns_names": ["-web"]}, "dns_names has '-web'"),
        ({"dns_names": ["http://web"]}, "dns_names has 'http://web'"),
        ({"ip_addresses": ["192.0.2.0/24"]}, "ip_addresses has '192.0.2.0/24'"),
        ({"usages": []}, "usages is empty; allowed are client, server, or both"),
        ({"days": 40000}, "days is 40000; allowed are 1 to 36500"),
        ({"renew_before": 365}, "renew_before is 365"),
    ],
)
def test_values_that_cannot_be_are_refused(
    authority: Path, web: Path, asked: dict[str, object], told: str
) -> None:
    with pytest.raises(ResourceError) as error:
        certificate(web, authority, **asked)
    assert told in str(error.value)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz:-. äß漢", min_size=1, max_size=64).filter(str.strip)
LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    common_name=NAMES,
    organizations=st.lists(NAMES, max_size=3),
    dns_names=st.lists(st.lists(LABELS, min_size=1, max_size=3).map(".".join), max_size=4),
    ip_addresses=st.lists(st.ip_addresses().map(str), max_size=4),
    usages=st.sets(st.sampled_from(["client", "server"]), min_size=1).map(list),
)
def test_whatever_is_asked_for_is_what_the_second_run_reads(
    authority: Path, web: Path, **asked: object
) -> None:
    certificate(web, authority, **asked)
    assert not certificate(web, authority, **asked, dry_run=True).changed
