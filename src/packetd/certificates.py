# SPDX-License-Identifier: GPL-3.0-or-later
"""The authority that lets packetd answer in the name of an API that is gone, and its certificate."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from packetd.ownership import write_private
from packetd.settings import State
from packetd.store import Store
from packetd.store.tables import Setting

HOSTS = ("api.packet.net", "api.equinix.com", "metadata.packet.net", "metadata.platformequinix.com")
# Whoever trusts the authority trusts it for these names only.
_DOMAINS = ("packet.net", "equinix.com", "platformequinix.com", "localhost")
_LOOPBACK = IPv4Network("127.0.0.0/8")
_AUTHORITY_DAYS = 3650
_SERVER_DAYS = 365


def server_context(state: State) -> ssl.SSLContext:
    """TLS for HOSTS, signed by the state's authority (see share_authority).

    The server's own certificate is made anew at every start.
    """
    authority = x509.load_pem_x509_certificate(state.ca_certificate.read_bytes())
    authority_key = load_pem_private_key(state.ca_key.read_bytes(), None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{state.ca_key} is not the key of an elliptic curve, as packetd makes it")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _server_certificate(authority, authority_key, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    # Python's ssl loads from files only.
    pair = state.directory / "server.pem"
    try:
        write_private(pair, _pem(key) + certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(pair)
    finally:
        pair.unlink(missing_ok=True)
    return context


def share_authority(store: Store, state: State) -> None:
    """Give the state the authority of its database, which is made when there is none.

    In the database all servers over it have the same one, and so has what is restored from a backup.
    """
    with store.write() as session:
        known = [session.get(Setting, file.name) for file in (state.ca_key, state.ca_certificate)]
        key, certificate = (setting.value.encode() if setting else None for setting in known)
        if key is None or certificate is None:
            if not (state.ca_certificate.exists() and state.ca_key.exists()):
                _write_authority(state, *_make_authority())
            for file in (state.ca_key, state.ca_certificate):
                session.merge(Setting(name=file.name, value=file.read_text()))
        else:
            _write_authority(state, key, certificate)


def _write_authority(state: State, key: bytes, certificate: bytes) -> None:
    write_private(state.ca_key, key)
    state.ca_certificate.write_bytes(certificate)


def _make_authority() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"packetd {os.urandom(4).hex()}")])
    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in _DOMAINS]
    certificate = (
        _builder(name, name, key.public_key(), _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints([*permitted, x509.IPAddress(_LOOPBACK)], None), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _pem(key), certificate.public_bytes(Encoding.PEM)


def _server_certificate(
    authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])])
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in (*HOSTS, "localhost")]
    names.append(x509.IPAddress(IPv4Address("127.0.0.1")))
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _builder(name, authority.subject, key.public_key(), _SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # Clocks of clients may be a little behind.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
