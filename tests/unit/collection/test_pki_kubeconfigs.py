# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs: compared by what they say, and never at the cost of what others wrote in them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from pki_cases import ca, certificate, kubeconfig, openssl, tree

ADMIN: dict[str, Any] = {"cluster_name": "prod", "organizations": ["kubeadm:cluster-admins"]}


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    ca(tmp_path / "pki")
    return tmp_path / "pki" / "ca"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "admin" / "kubeconfig"


def embedded(path: Path, name: str) -> bytes:
    document = yaml.safe_load(path.read_text())
    found = {**document["clusters"][0]["cluster"], **document["users"][0]["user"]}
    return base64.b64decode(found[name])


def test_it_has_one_cluster_one_user_and_all_that_they_need(
    tmp_path: Path, authority: Path, path: Path
) -> None:
    kubeconfig(path, authority, **ADMIN)
    document = yaml.safe_load(path.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    assert cluster.keys() == {"certificate-authority-data", "server"}
    assert user.keys() == {"client-certificate-data", "client-key-data"}
    # In the order in which kubectl and kubeadm write it.
    assert list(document.items()) == [
        ("apiVersion", "v1"),
        ("kind", "Config"),
        ("clusters", [{"name": "prod", "cluster": cluster}]),
        (
            "contexts",
            [
                {
                    "name": "kubernetes-admin@prod",
                    "context": {"cluster": "prod", "user": "kubernetes-admin"},
                }
            ],
        ),
        ("current-context", "kubernetes-admin@prod"),
        ("preferences", {}),
        ("users", [{"name": "kubernetes-admin", "user": user}]),
    ]
    assert cluster["server"] == "https://192.0.2.10:6443"
    assert embedded(path, "certificate-authority-data") == (tmp_path / "pki" / "ca.crt").read_bytes()
    leaf = tmp_path / "leaf.crt"
    leaf.write_bytes(embedded(path, "client-certificate-data"))
    openssl("verify", "-purpose", "sslclient", "-CAfile", tmp_path / "pki" / "ca.crt", leaf)
    subject = openssl("x509", "-noout", "-subject", "-in", leaf)
    assert subject.strip() == "subject=O = kubeadm:cluster-admins, CN = kubernetes-admin"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_second_run_changes_nothing_however_the_text_is_laid_out(authority: Path, path: Path) -> None:
    kubeconfig(path, authority, **ADMIN)
    text = yaml.safe_dump(yaml.safe_load(path.read_text()), default_flow_style=True)
    path.write_text(text)
    assert not kubeconfig(path, authority, **ADMIN).changed
    assert path.read_text() == text


def test_check_mode_before_there_is_an_authority(tmp_path: Path, path: Path) -> None:
    foretold = kubeconfig(path, tmp_path / "ca", **ADMIN, dry_run=True)
    assert foretold.diff["after"]["ca_fingerprint"] == "of what will be made"
    assert tree(tmp_path) == {}
    with pytest.raises(ResourceError, match="make it with module ca"):
        kubeconfig(path, tmp_path / "ca", **ADMIN)


def test_an_authority_that_goes_away_is_named(tmp_path: Path, authority: Path, path: Path) -> None:
    certificate(tmp_path / "me", authority)
    (tmp_path / "pki" / "ca.crt").unlink()
    with pytest.raises(ResourceError, match=r"kubeconfig: there is no .*ca\.crt; make it with module ca"):
        kubeconfig(path, authority, client=str(tmp_path / "me"))


def test_the_key_is_of_the_type_that_is_asked_for(authority: Path, path: Path) -> None:
    assert kubeconfig(path, authority).after["key_type"] == "ecdsa-p256"
    done = kubeconfig(path, authority, key_type="rsa-2048")
    assert done.diff == {"before": {"key_type": "ecdsa-p256"}, "after": {"key_type": "rsa-2048"}}
    assert not kubeconfig(path, authority).changed


@pytest.mark.parametrize(
    ("asked", "attribute", "issued"),
    [
        ({"server": "https://192.0.2.11:6443"}, "server", False),
        ({"cluster_name": "test"}, "cluster", False),
        ({"organizations": ["system:masters"]}, "organizations", True),
        ({"common_name": "someone"}, "common_name", True),
        ({"days": 1000, "renew_before": 500}, "certificate", True),
    ],
)
def test_the_certificate_is_issued_anew_only_if_it_no_longer_serves(
    authority: Path, path: Path, asked: dict[str, Any], attribute: str, issued: bool
) -> None:
    kubeconfig(path, authority, **ADMIN)
    before = embedded(path, "client-certificate-data")
    foretold = kubeconfig(path, authority, **ADMIN | asked, dry_run=True)
    done = kubeconfig(path, authority, **ADMIN | asked)
    assert foretold.diff == done.diff
    assert set(done.diff["before"]) == {attribute}
    assert (embedded(path, "client-certificate-data") != before) == issued
    assert not kubeconfig(path, authority, **ADMIN | asked).changed


def test_a_renewed_authority_is_put_in_and_the_certificate_stays(tmp_path: Path, path: Path) -> None:
    ca(tmp_path, days=100, renew_before=10)
    kubeconfig(path, tmp_path / "ca", days=90, renew_before=10)
    before = embedded(path, "client-certificate-data")
    ca(tmp_path, renew=True)
    done = kubeconfig(path, tmp_path / "ca", days=90, renew_before=10)
    assert set(done.diff["before"]) == {"ca_fingerprint"}
    assert embedded(path, "certificate-authority-data") == (tmp_path / "ca.crt").read_bytes()
    assert embedded(path, "client-certificate-data") == before


def test_no_result_and_no_diff_holds_a_key_or_certificate(authority: Path, path: Path) -> None:
    made = kubeconfig(path, authority, **ADMIN)
    changed = kubeconfig(path, authority, **ADMIN | {"organizations": ["system:masters"]})
    gone = kubeconfig(path, authority, **ADMIN, state="absent")
    for plan in (made, changed, gone):
        text = repr((plan.before, plan.after, plan.diff))
        assert "-data" not in text
        assert "BEGIN" not in text
        assert "LS0t" not in text
    assert not path.exists()


def test_a_given_certificate_is_embedded_and_followed(tmp_path: Path, authority: Path, path: Path) -> None:
    client = tmp_path / "pki" / "me"
    foretold = kubeconfig(path, authority, client=str(client), dry_run=True)
    assert foretold.diff["after"]["client_fingerprint"] == "of what will be made"
    with pytest.raises(ResourceError, match=r"there is no .*me\.crt; make it with module certificate"):
        kubeconfig(path, authority, client=str(client))
    certificate(client, authority, common_name="me")
    kubeconfig(path, authority, client=str(client))
    assert embedded(path, "client-certificate-data") == (tmp_path / "pki" / "me.crt").read_bytes()
    assert not kubeconfig(path, authority, client=str(client)).changed
    certificate(client, authority, common_name="myself")
    assert set(kubeconfig(path, authority, client=str(client)).diff["before"]) == {"client_fingerprint"}
    assert embedded(path, "client-key-data") == (tmp_path / "pki" / "me.key").read_bytes()
    assert not kubeconfig(path, authority, client=str(client)).changed


def test_a_given_certificate_needs_its_own_key(tmp_path: Path, authority: Path, path: Path) -> None:
    client = tmp_path / "pki" / "me"
    certificate(client, authority)
    certificate(tmp_path / "other", authority)
    client.with_suffix(".key").unlink()
    with pytest.raises(ResourceError, match=r"there is no .*me\.key; make it with module certificate"):
        kubeconfig(path, authority, client=str(client))
    client.with_suffix(".key").write_bytes((tmp_path / "other.key").read_bytes())
    with pytest.raises(ResourceError, match=r"me\.key is not the key of .*me\.crt"):
        kubeconfig(path, authority, client=str(client))


@pytest.mark.parametrize("given", [False, True], ids=["a certificate of its own", "a given one"])
def test_a_key_that_is_not_the_certificates_is_replaced(
    tmp_path: Path, authority: Path, path: Path, given: bool
) -> None:
    certificate(tmp_path / "me", authority)
    client = str(tmp_path / "me") if given else None
    kubeconfig(path, authority, client=client)
    other = tmp_path / "other"
    kubeconfig(other, authority)
    mine, others = (file.read_text().rpartition("client-key-data: ")[2] for file in (path, other))
    path.write_text(path.read_text().replace(mine, others))
    healed = kubeconfig(path, authority, client=client)
    assert healed.diff["before"]["key"] == "does not match the certificate"
    assert not kubeconfig(path, authority, client=client).changed


@pytest.mark.parametrize("given", [False, True], ids=["a certificate of its own", "a given one"])
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("certificate-authority-data", "certificate"),
        ("client-certificate-data", "certificate"),
        ("client-key-data", "private key"),
    ],
)
def test_what_is_no_pem_in_it_is_named(
    tmp_path: Path, authority: Path, path: Path, name: str, what: str, given: bool
) -> None:
    certificate(tmp_path / "me", authority)
    client = str(tmp_path / "me") if given else None
    kubeconfig(path, authority, client=client)
    valid = base64.b64encode(embedded(path, name)).decode()
    path.write_text(path.read_text().replace(valid, base64.b64encode(b"nonsense").decode()))
    with pytest.raises(ResourceError, match=f"^{path} holds no {what} in PEM form"):
        kubeconfig(path, authority, client=client)


def test_what_is_not_base_64_is_not_made_to_be(authority: Path, path: Path) -> None:
    kubeconfig(path, authority)
    path.write_text(path.read_text().replace("client-key-data: ", "client-key-data: '*'"))
    path.write_text(path.read_text().replace("'*'", "'*", 1).rstrip() + "'\n")
    with pytest.raises(ResourceError, match=f"kubeconfig: {path} is not a file of one cluster"):
        kubeconfig(path, authority)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not: a kubeconfig",
        "{unclosed",
        "clusters: []\nusers: []\ncontexts: []\n",
        "clusters: [{name: a, cluster: {server: x}}, {name: b}]\nusers: []\ncontexts: []\n",
    ],
)
def test_a_file_that_is_not_ours_is_left_as_it_is(authority: Path, path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ResourceError, match=f"^kubeconfig: {path} is not a file of one cluster") as error:
        kubeconfig(path, authority)
    assert str(error.value).endswith("; it is left as it is: give another path, or remove it")
    assert path.read_text() == text
    assert error.value.__suppress_context__


@pytest.mark.parametrize("server", ["http://192.0.2.10:6443", "192.0.2.10:6443", "https://", ""])
def test_the_server_is_an_https_url(authority: Path, path: Path, server: str) -> None:
    with pytest.raises(ResourceError, match="allowed is an https URL"):
        kubeconfig(path, authority, server=server)
