# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates as such: what is asked for, what one says, and signing. No files, no clock.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .._reconcile import ResourceError
from . import keys

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateBuilder, ExtensionType, Name, ObjectIdentifier

    from .keys import PrivateKey

BACKDATED = timedelta(minutes=5)
"""How long before now a certificate begins, because the clocks of machines differ."""

_NAME_LENGTH = 64
"""The most that X.509 allows in a common name or organization (RFC 5280, appendix A.1)."""

USAGES = ("client", "server")
"""What a leaf certificate may be used for."""


@dataclass(frozen=True)
class Subject:
    """Whom a certificate is for; to Kubernetes the name is the user, the organizations are the groups."""

    common_name: str
    organizations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leaf:
    """What a certificate that an authority issues shall say. Addresses in their canonical text form."""

    subject: Subject
    dns_names: tuple[str, ...]
    ip_addresses: tuple[str, ...]
    usages: tuple[str, ...]


@dataclass(frozen=True)
class Authority:
    """A certificate authority that can sign."""

    certificate: Certificate
    key: PrivateKey


def subject(common_name: str, organizations: Sequence[str]) -> Subject:
    """Whom a certificate is for. Raises ResourceError for names that X.509 cannot hold."""
    for field, name in (("common_name", common_name), *(("organizations", each) for each in organizations)):
        if not 1 <= len(name) <= _NAME_LENGTH:
            raise ResourceError(f"{field} is {name!r}; allowed are 1 to {_NAME_LENGTH} characters")
    return Subject(common_name, tuple(organizations))


def parse(content: bytes, origin: str) -> Certificate:
    """The first certificate in a PEM text; `origin` names it in errors. Raises ResourceError."""
    from cryptography.x509 import load_pem_x509_certificate

    try:
        return load_pem_x509_certificate(content)
    except ValueError as error:
        raise ResourceError(f"{origin} holds no certificate in PEM form; restore or remove it") from error


def pem(certificate: Certificate) -> bytes:
    """The certificate as PEM text."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def fingerprint(certificate: Certificate) -> str:
    """The SHA-256 digest of the whole certificate in hexadecimal, another for each ever issued."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return certificate.fingerprint(SHA256()).hex()


def is_authority(certificate: Certificate) -> bool:
    """Whether a certificate may sign others."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        return certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        return False


def issued_by(certificate: Certificate, authority: Certificate) -> bool:
    """Whether this authority's key signed the certificate, in this authority's name."""
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def describe(certificate: Certificate) -> Leaf:
    """What a certificate says, in the words in which one asks for it."""
    from cryptography import x509

    names: list[str] = []
    addresses: list[str] = []
    usages: list[str] = []
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            names = extension.value.get_values_for_type(x509.DNSName)
            addresses = [str(address) for address in extension.value.get_values_for_type(x509.IPAddress)]
        elif isinstance(extension.value, x509.ExtendedKeyUsage):
            words = {oid: usage for usage, oid in _usage_ids().items()}
            usages = [words.get(oid, oid.dotted_string) for oid in extension.value]
    return Leaf(describe_subject(certificate.subject), tuple(names), tuple(addresses), tuple(usages))


def describe_subject(name: Name) -> Subject:
    """The common name and the organizations in a subject or issuer."""
    from cryptography.x509.oid import NameOID

    common_names = [str(part.value) for part in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    organizations = [str(part.value) for part in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return Subject(",".join(common_names), tuple(organizations))


def self_signed(key: PrivateKey, subject: Subject, *, now: datetime, until: datetime) -> Certificate:
    """The certificate of an authority for its key, valid from now until then."""
    from cryptography import x509

    builder = _builder(subject, key, now, until).issuer_name(_name(subject))
    for extension, critical in (
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (_key_usage("digital_signature", "key_cert_sign", "crl_sign"), True),
        # The identifier comes from the key, so what the authority has issued outlives its renewal.
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ):
        builder = builder.add_extension(extension, critical)
    return _sign(builder, key)


def issue(
    leaf: Leaf, key: PrivateKey, authority: Authority, *, now: datetime, until: datetime
) -> Certificate:
    """A certificate for a key, signed by an authority; the caller sees that it ends no later than that."""
    from cryptography import x509

    signer = authority.certificate.public_key()
    builder = _builder(leaf.subject, key, now, until).issuer_name(authority.certificate.subject)
    extensions: list[tuple[ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage("digital_signature", "key_encipherment"), True),
        (x509.ExtendedKeyUsage([_usage_ids()[usage] for usage in leaf.usages]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False),  # type: ignore[arg-type]
    ]
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in leaf.dns_names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in leaf.ip_addresses]
    if alternatives:
        extensions.append((x509.SubjectAlternativeName(alternatives), False))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return _sign(builder, authority.key)


def label(authority: Certificate) -> str:
    """An authority in one word that tells it from others of the same name: its name and its pin."""
    return f"{describe_subject(authority.subject).common_name} {keys.pin(authority.public_key())}"


def _usage_ids() -> dict[str, ObjectIdentifier]:
    from cryptography.x509.oid import ExtendedKeyUsageOID

    return {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}


def _name(subject: Subject) -> Name:
    from cryptography.x509 import Name, NameAttribute
    from cryptography.x509.oid import NameOID

    organizations = [NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in subject.organizations]
    return Name([*organizations, NameAttribute(NameOID.COMMON_NAME, subject.common_name)])


def _builder(subject: Subject, key: PrivateKey, now: datetime, until: datetime) -> CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(until)
    )


def _key_usage(*allowed: str) -> ExtensionType:
    from cryptography.x509 import KeyUsage

    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return KeyUsage(**{usage: usage in allowed for usage in every})


def _sign(builder: CertificateBuilder, key: PrivateKey) -> Certificate:
    from cryptography.hazmat.primitives.hashes import SHA256

    return builder.sign(key, SHA256())
