# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that an authority on disk issues: what is asked, what is there, and issuing the next one.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from .._reconcile import Attributes, ResourceError
from . import authorities, files, issuing, keys, validity
from .issuing import Leaf, subject
from .libraries import need
from .validity import CURRENT, Lifetime

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

DEFAULT_KEY_TYPE = authorities.DEFAULT_KEY_TYPE

MATCHING = "matches the certificate"

_DNS_NAME = re.compile(
    r"(?=.{1,253}$)(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.I
)


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key."""

    certificate: Certificate
    key: keys.PrivateKey


class Issuance:
    """What a leaf certificate shall be, wherever it is then kept."""

    attributes: ClassVar[frozenset[str]] = frozenset(
        {
            "common_name",
            "organizations",
            "dns_names",
            "ip_addresses",
            "usages",
            "key_type",
            "issuer",
            "key",
            "certificate",
        }
    )
    """Those that only another certificate can change."""

    normalise: ClassVar[Mapping[str, Any]] = dict.fromkeys(
        ("organizations", "dns_names", "ip_addresses", "usages"), sorted
    )

    def __init__(self, leaf: Leaf, lifetime: Lifetime, authority: str, key_type: str | None = None) -> None:
        """`authority` is the path of the authority that issues, without extension."""
        self._leaf = leaf
        self._lifetime = lifetime
        self._authority = authority
        self._key_type = key_type
        # In check mode the authority may be one that a task before this one would have made.
        self._issuer = authorities.load_certificate(authorities.paths(authority)[0])

    def wanted(self) -> Attributes:
        """The attributes of the certificate that is asked for."""
        return {
            "common_name": self._leaf.subject.common_name,
            "organizations": list(self._leaf.subject.organizations),
            "dns_names": list(self._leaf.dns_names),
            "ip_addresses": list(self._leaf.ip_addresses),
            "usages": list(self._leaf.usages),
            "key_type": self._key_type,
            "issuer": self._issuer_label(),
            "key": MATCHING,
            "certificate": CURRENT,
        }

    def describe(self, certificate: Certificate, key: keys.PrivateKey | None) -> Attributes:
        """The same attributes of a certificate that is there."""
        leaf = issuing.describe(certificate)
        return {
            "common_name": leaf.subject.common_name,
            "organizations": list(leaf.subject.organizations),
            "dns_names": list(leaf.dns_names),
            "ip_addresses": list(leaf.ip_addresses),
            "usages": list(leaf.usages),
            "key_type": keys.type_of(certificate.public_key()),
            "issuer": self._describe_issuer(certificate),
            "key": _describe_key(certificate, key),
            "certificate": self._lifetime.standing(certificate, datetime.now(UTC), self._issuer),
            "ends": validity.text(certificate),
        }

    def issue(self) -> Issued:
        """A new key and its certificate. Raises ResourceError if the authority is not there or has ended."""
        authority, now = authorities.load(self._authority), datetime.now(UTC)
        if authority.certificate.not_valid_after_utc <= now:
            raise ResourceError(
                f"the authority {self._authority} has ended; renew it with module ca and renew: true"
            )
        key = keys.generate(self._key_type or DEFAULT_KEY_TYPE)
        until = self._lifetime.end(now, authority.certificate)
        return Issued(issuing.issue(self._leaf, key, authority, now=now, until=until), key)

    def _issuer_label(self) -> str:
        return issuing.label(self._issuer) if self._issuer else f"the authority {self._authority}"

    def _describe_issuer(self, certificate: Certificate) -> str:
        if self._issuer is not None and issuing.issued_by(certificate, self._issuer):
            return self._issuer_label()
        return f"{issuing.describe_subject(certificate.issuer).common_name}, another authority"


class LeafCertificate:
    """A certificate and its key in two files."""

    name: ClassVar[str] = "certificate"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Any]] = Issuance.normalise
    options: ClassVar[Mapping[str, Any]] = {
        "path": {"type": "path", "required": True},
        "ca": {"type": "path", "required": True},
        "common_name": {"type": "str", "required": True},
        "organizations": {"type": "list", "elements": "str", "default": []},
        "dns_names": {"type": "list", "elements": "str", "default": []},
        "ip_addresses": {"type": "list", "elements": "str", "default": []},
        "usages": {
            "type": "list",
            "elements": "str",
            "choices": list(issuing.USAGES),
            "default": ["client"],
        },
        "key_type": {"type": "str", "choices": list(keys.KEY_TYPES)},
        "days": {"type": "int", "default": 365},
        "renew_before": {"type": "int", "default": 60},
    }
    rules: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, path: str, issuance: Issuance) -> None:
        self._certificate_path, self._key_path = authorities.paths(path)
        self._issuance = issuance

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> LeafCertificate:
        """The certificate that these options speak of. Raises ResourceError for values that cannot be."""
        need("cryptography")
        if not params["usages"]:
            raise ResourceError(f"usages is empty; allowed are {', '.join(issuing.USAGES)}, or both")
        leaf = Leaf(
            subject(params["common_name"], params["organizations"]),
            tuple(_dns_name(name) for name in params["dns_names"]),
            tuple(_address(address) for address in params["ip_addresses"]),
            tuple(params["usages"]),
        )
        issuance = Issuance(leaf, Lifetime.from_params(params), params["ca"], params["key_type"])
        return cls(params["path"], issuance)

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        return {
            **self._issuance.wanted(),
            "certificate_path": self._certificate_path,
            "key_path": self._key_path,
            "key_mode": files.PRIVATE,
            "certificate_mode": files.PUBLIC,
        }

    def find(self) -> Attributes | None:
        """The certificate as it is on disk; without one, whatever key there is counts for nothing."""
        certificate = authorities.load_certificate(self._certificate_path)
        if certificate is None:
            return None
        return self._describe(certificate, keys.load_private(self._key_path))

    def create(self, wanted: Attributes) -> Attributes:
        """Issues the certificate."""
        return self._write(self._issuance.issue())

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Issues another certificate if one is needed, and mends the modes."""
        if changes.keys() & Issuance.attributes:
            return self._write(self._issuance.issue())
        files.set_mode(self._key_path, files.PRIVATE)
        files.set_mode(self._certificate_path, files.PUBLIC)
        return found | changes

    def delete(self, found: Attributes) -> None:
        """Removes both files, the key first: of a certificate alone the next run still knows."""
        files.remove(self._key_path)
        files.remove(self._certificate_path)

    def _write(self, issued: Issued) -> Attributes:
        # A crash between the two leaves a key that does not match; the next run sees it and issues again.
        files.write(self._key_path, keys.private_pem(issued.key), files.PRIVATE)
        files.write(self._certificate_path, issuing.pem(issued.certificate), files.PUBLIC)
        return self._describe(issued.certificate, issued.key)

    def _describe(self, certificate: Certificate, key: keys.PrivateKey | None) -> Attributes:
        return {
            **self._issuance.describe(certificate, key),
            "certificate_path": self._certificate_path,
            "key_path": self._key_path,
            "key_mode": files.mode(self._key_path),
            "certificate_mode": files.mode(self._certificate_path),
        }


def _describe_key(certificate: Certificate, key: keys.PrivateKey | None) -> str:
    if key is None:
        return "missing"
    return MATCHING if key.public_key() == certificate.public_key() else "does not match the certificate"


def _dns_name(name: str) -> str:
    if not _DNS_NAME.fullmatch(name):
        raise ResourceError(
            f"dns_names has {name!r}; allowed are DNS names such as api.example.com or *.example.com"
        )
    return name


def _address(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError as error:
        raise ResourceError(
            f"ip_addresses has {address!r}; allowed are IPv4 and IPv6 addresses without a prefix length"
        ) from error
