# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys: made, read, written, named and pinned.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .._reconcile import ResourceError
from . import files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

KEY_TYPES = ("ecdsa-p256", "rsa-2048", "rsa-4096")
"""What can be made. kubeadm reads all three."""


def generate(key_type: str) -> PrivateKey:
    """A new private key of one of KEY_TYPES."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if key_type == "ecdsa-p256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(key_type.removeprefix("rsa-")))


def parse_private(content: bytes, origin: str) -> PrivateKey:
    """The private key in a PEM text; `origin` names it in errors. Raises ResourceError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(content, password=None)
    except TypeError as error:
        raise ResourceError(
            f"the private key in {origin} has a passphrase; Kubernetes needs it without one"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ResourceError(f"{origin} holds no private key in PEM form; restore or remove it") from error
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ResourceError(f"the private key in {origin} is neither RSA nor ECDSA: kubeadm takes only those")
    return key


def load_private(path: str) -> PrivateKey | None:
    """The private key in a file, None where there is no file. Raises ResourceError."""
    content = files.read(path)
    return None if content is None else parse_private(content, path)


def load_public(path: str) -> PublicKeyTypes | None:
    """The public key in a file, None where there is no file. Raises ResourceError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = files.read(path)
    if content is None:
        return None
    try:
        return load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ResourceError(f"{path} holds no public key in PEM form; restore or remove it") from error


def private_pem(key: PrivateKey) -> bytes:
    """The key as PEM text, in the form that kubeadm itself writes (PKCS#1 or SEC 1)."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def public_pem(key: PublicKeyTypes) -> bytes:
    """The public key as PEM text (PKIX)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def type_of(key: PublicKeyTypes) -> str:
    """The type of a key in the words of KEY_TYPES, also for sizes and curves that are not made here."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if isinstance(key, RSAPublicKey):
        return f"rsa-{key.key_size}"
    if isinstance(key, EllipticCurvePublicKey):
        return f"ecdsa-p{key.curve.key_size}"
    return type(key).__name__.removesuffix("PublicKey").lower()


def pin(key: PublicKeyTypes) -> str:
    """`sha256:` and the digest of the public key (DER, SubjectPublicKeyInfo).

    This is the form that kubeadm takes as `--discovery-token-ca-cert-hash` (RFC 7469 pins the same bytes).
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(encoded).hexdigest()}"
