# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs: files with which kubectl and other clients reach a cluster, everything they need inside.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

from .._reconcile import Attributes, ResourceError
from . import authorities, files, issuing, keys
from .certificates import MATCHING, Issuance, Issued
from .issuing import Leaf, subject
from .libraries import need
from .validity import Lifetime


@dataclass(frozen=True)
class Content:
    """What a kubeconfig of ours holds: one cluster, one user, one context. The last three in PEM form."""

    server: str
    cluster: str
    user: str
    authority: bytes
    certificate: bytes
    key: bytes


class Client(Protocol):
    """Where the user's certificate comes from."""

    def wanted(self) -> Attributes:
        """The attributes that the certificate shall have."""

    def describe(self, content: Content, path: str) -> Attributes:
        """The attributes of the certificate in a kubeconfig. Raises ResourceError."""

    def obtain(self) -> tuple[bytes, bytes]:
        """Certificate and key in PEM form. Raises ResourceError."""


class IssuedClient:
    """A certificate made for this kubeconfig alone, and renewed in it."""

    def __init__(self, issuance: Issuance) -> None:
        self._issuance = issuance

    def wanted(self) -> Attributes:
        """As Client."""
        return self._issuance.wanted()

    def describe(self, content: Content, path: str) -> Attributes:
        """As Client."""
        return self._issuance.describe(
            issuing.parse(content.certificate, path), keys.parse_private(content.key, path)
        )

    def obtain(self) -> tuple[bytes, bytes]:
        """As Client."""
        issued: Issued = self._issuance.issue()
        return issuing.pem(issued.certificate), keys.private_pem(issued.key)


class GivenClient:
    """A certificate that is kept elsewhere on disk, in `<path>.crt` and `<path>.key`."""

    def __init__(self, path: str) -> None:
        self._certificate_path, self._key_path = authorities.paths(path)

    def wanted(self) -> Attributes:
        """As Client."""
        certificate = authorities.load_certificate(self._certificate_path)
        return {
            "client_fingerprint": issuing.fingerprint(certificate) if certificate else "of what will be made",
            "key": MATCHING,
        }

    def describe(self, content: Content, path: str) -> Attributes:
        """As Client."""
        certificate = issuing.parse(content.certificate, path)
        key = keys.parse_private(content.key, path)
        matches = key.public_key() == certificate.public_key()
        return {
            "client_fingerprint": issuing.fingerprint(certificate),
            "key": MATCHING if matches else "does not match the certificate",
        }

    def obtain(self) -> tuple[bytes, bytes]:
        """As Client."""
        certificate = authorities.load_certificate(self._certificate_path)
        key = keys.load_private(self._key_path)
        if certificate is None or key is None:
            missing = self._certificate_path if certificate is None else self._key_path
            raise ResourceError(f"kubeconfig: there is no {missing}; make it with module certificate")
        if certificate.public_key() != key.public_key():
            raise ResourceError(f"kubeconfig: {self._key_path} is not the key of {self._certificate_path}")
        return issuing.pem(certificate), keys.private_pem(key)


class Kubeconfig:
    """A kubeconfig of our own; one that holds anything of others is left alone."""

    name: ClassVar[str] = "kubeconfig"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Any]] = Issuance.normalise
    options: ClassVar[Mapping[str, Any]] = {
        "path": {"type": "path", "required": True},
        "server": {"type": "str", "required": True},
        "cluster_name": {"type": "str", "default": "kubernetes"},
        "user": {"type": "str", "default": "kubernetes-admin"},
        "ca": {"type": "path", "required": True},
        "client": {"type": "path"},
        "common_name": {"type": "str"},
        "organizations": {"type": "list", "elements": "str"},
        "key_type": {"type": "str", "choices": list(keys.KEY_TYPES)},
        "days": {"type": "int", "default": 365},
        "renew_before": {"type": "int", "default": 60},
    }
    rules: ClassVar[Mapping[str, Any]] = {
        "mutually_exclusive": [
            ("client", "common_name"),
            ("client", "organizations"),
            ("client", "key_type"),
        ],
    }

    def __init__(self, path: str, server: str, cluster: str, user: str, ca: str, client: Client) -> None:
        self._path = path
        self._server = server
        self._cluster = cluster
        self._user = user
        self._authority_path = authorities.paths(ca)[0]
        self._client = client

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Kubeconfig:
        """The kubeconfig that these options speak of. Raises ResourceError for values that cannot be."""
        need("cryptography", "yaml")
        server = urlsplit(params["server"])
        if server.scheme != "https" or not server.hostname:
            raise ResourceError(
                f"kubeconfig: server is {params['server']!r}; allowed is an https URL, as https://192.0.2.10:6443"
            )
        return cls(
            params["path"],
            params["server"],
            params["cluster_name"],
            params["user"],
            params["ca"],
            GivenClient(params["client"]) if params["client"] else IssuedClient(_issuance(params)),
        )

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        authority = authorities.load_certificate(self._authority_path)
        return {
            "path": self._path,
            "server": self._server,
            "cluster": self._cluster,
            "user": self._user,
            # Not the pin: a renewed authority has the same key, and clients want its new certificate.
            "ca_fingerprint": issuing.fingerprint(authority) if authority else "of what will be made",
            **self._client.wanted(),
            "mode": files.PRIVATE,
        }

    def find(self) -> Attributes | None:
        """The kubeconfig as it is on disk. Raises ResourceError for a file that is not ours to replace."""
        content = self._read()
        return None if content is None else self._attributes(content)

    def create(self, wanted: Attributes) -> Attributes:
        """Writes the kubeconfig, with a certificate of its own if none is given."""
        return self._write(*self._client.obtain())

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Writes the kubeconfig anew, with the certificate that is in it if that still serves."""
        content = self._read()
        if content is None or changes.keys() & (Issuance.attributes | {"client_fingerprint"}):
            return self._write(*self._client.obtain())
        return self._write(content.certificate, content.key)

    def delete(self, found: Attributes) -> None:
        """Removes the file."""
        files.remove(self._path)

    def _attributes(self, content: Content) -> Attributes:
        return {
            "path": self._path,
            "server": content.server,
            "cluster": content.cluster,
            "user": content.user,
            "ca_fingerprint": issuing.fingerprint(issuing.parse(content.authority, self._path)),
            **self._client.describe(content, self._path),
            "mode": files.mode(self._path),
        }

    def _read(self) -> Content | None:
        text = files.read(self._path)
        return None if text is None else parse(text, self._path)

    def _write(self, certificate: bytes, key: bytes) -> Attributes:
        authority = authorities.load_certificate(self._authority_path)
        if authority is None:
            raise ResourceError(f"kubeconfig: there is no {self._authority_path}; make it with module ca")
        content = Content(self._server, self._cluster, self._user, issuing.pem(authority), certificate, key)
        files.write(self._path, render(content), files.PRIVATE)
        return self._attributes(content)


def render(content: Content) -> bytes:
    """The text of a kubeconfig."""
    import yaml

    context = f"{content.user}@{content.cluster}"
    cluster = {"certificate-authority-data": _encode(content.authority), "server": content.server}
    user = {
        "client-certificate-data": _encode(content.certificate),
        "client-key-data": _encode(content.key),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": content.cluster, "cluster": cluster}],
        "contexts": [{"name": context, "context": {"cluster": content.cluster, "user": content.user}}],
        "current-context": context,
        "preferences": {},
        "users": [{"name": content.user, "user": user}],
    }
    text: str = yaml.safe_dump(document, sort_keys=False)
    return text.encode()


def parse(text: bytes, path: str) -> Content:
    """What a kubeconfig in this form says. Raises ResourceError, which names the file, for any other form."""
    import yaml

    try:
        document = yaml.safe_load(text)
        (cluster,), (user,), (_context,) = document["clusters"], document["users"], document["contexts"]
        return Content(
            str(cluster["cluster"]["server"]),
            str(cluster["name"]),
            str(user["name"]),
            _decode(cluster["cluster"]["certificate-authority-data"]),
            _decode(user["user"]["client-certificate-data"]),
            _decode(user["user"]["client-key-data"]),
        )
    # The causes are left out on purpose: their texts would quote the file, and there is a key in it.
    except (yaml.YAMLError, KeyError, TypeError, ValueError, binascii.Error):
        raise ResourceError(
            f"kubeconfig: {path} is not a file of one cluster and one user with embedded certificates; "
            "it is left as it is: give another path, or remove it"
        ) from None


def _issuance(params: Mapping[str, Any]) -> Issuance:
    organizations = params["organizations"]
    leaf = Leaf(subject(params["common_name"] or params["user"], organizations or ()), (), (), ("client",))
    return Issuance(leaf, Lifetime.from_params(params), params["ca"], params["key_type"])


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
