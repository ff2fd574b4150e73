# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate authorities on disk: `<name>.crt` and `<name>.key` in a directory, as kubeadm expects them.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from .._reconcile import Attributes, Plan, ResourceError
from . import files, issuing, keys, validity
from .issuing import subject
from .libraries import need
from .validity import CURRENT, Lifetime

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from .keys import PrivateKey

DEFAULT_KEY_TYPE = "ecdsa-p256"
"""RSA of 2048 bits (112 bits of strength) is deprecated after 2030 (NIST IR 8547), within the ten years that
an authority lasts; and this key is made in 0.05 ms, RSA ones of 2048 and 4096 bits in 100 and 670 ms."""

KUBEADM_NAMES = {"ca": "kubernetes", "etcd/ca": "etcd-ca"}
"""The common names that kubeadm gives its authorities, where they are not the name of the file."""


class Authorities:
    """The authorities that one task asks for; what exists is kept, only a certificate is ever made anew."""

    name: ClassVar[str] = "ca"
    immutable: ClassVar[frozenset[str]] = frozenset({"common_name", "organization", "key_type"})
    normalise: ClassVar[Mapping[str, Any]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        "directory": {"type": "path", "required": True},
        "name": {"type": "str"},
        "common_name": {"type": "str"},
        "authorities": {
            "type": "list",
            "elements": "dict",
            "options": {"name": {"type": "str", "required": True}, "common_name": {"type": "str"}},
        },
        "organization": {"type": "str"},
        "key_type": {"type": "str", "choices": list(keys.KEY_TYPES)},
        "days": {"type": "int", "default": 3650},
        "renew": {"type": "bool", "default": False},
        "renew_before": {"type": "int", "default": 180},
    }
    rules: ClassVar[Mapping[str, Any]] = {
        "mutually_exclusive": [("name", "authorities"), ("common_name", "authorities")],
        "required_one_of": [("name", "authorities")],
    }

    def __init__(self, authorities: Iterable[Authority]) -> None:
        self._authorities = {authority.name: authority for authority in authorities}

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Authorities:
        """The authorities that these options speak of. Raises ResourceError for values that cannot be."""
        need("cryptography")
        lifetime = Lifetime.from_params(params)
        asked = params["authorities"] or [{"name": params["name"], "common_name": params["common_name"]}]
        return cls(
            Authority(
                params["directory"],
                each["name"],
                lifetime,
                common_name=each["common_name"] or None,
                organization=params["organization"] or None,
                key_type=params["key_type"],
                renew=params["renew"],
            )
            for each in asked
        )

    def wanted(self) -> dict[str, Attributes]:
        """The attributes that the options ask for, by the authority's name."""
        return {name: authority.wanted() for name, authority in self._authorities.items()}

    def find(self) -> dict[str, Attributes]:
        """Those that exist. Raises ResourceError for files that do not belong together."""
        found = {name: authority.find() for name, authority in self._authorities.items()}
        return {name: attributes for name, attributes in found.items() if attributes is not None}

    def check(self, steps: Mapping[str, Plan]) -> None:
        """All that can be known has been said by find."""

    def create(self, wanted: Mapping[str, Attributes]) -> dict[str, Attributes]:
        """Makes these authorities. Raises ResourceError."""
        return {name: self._authorities[name].create(each) for name, each in wanted.items()}

    def update(
        self, found: Mapping[str, Attributes], changes: Mapping[str, Attributes]
    ) -> dict[str, Attributes]:
        """Certifies their keys again or mends their files. Raises ResourceError."""
        return {name: self._authorities[name].update(each) for name, each in changes.items()}

    def delete(self, found: Mapping[str, Attributes]) -> None:
        """Removes these authorities. Raises ResourceError."""
        for name in found:
            self._authorities[name].delete()

    @property
    def warnings(self) -> list[str]:
        """A sentence for each authority whose end is near once the task is done."""
        return [warning for each in self._authorities.values() if (warning := each.warning)]

    def settle(self, present: Mapping[str, Attributes]) -> Mapping[str, Attributes]:
        """What is written is ready."""
        return present


class Authority:
    """One certificate authority: a key that never changes and the certificate that it signs for itself."""

    def __init__(
        self,
        directory: str,
        name: str,
        lifetime: Lifetime,
        *,
        common_name: str | None,
        organization: str | None,
        key_type: str | None,
        renew: bool,
    ) -> None:
        if os.path.isabs(name) or ".." in name.split("/") or not name.strip("./"):
            raise ResourceError(f"ca: name is {name!r}; allowed is a path inside directory, as ca or etcd/ca")
        self.name = name
        self._certificate_path, self._key_path = paths(os.path.join(directory, name))
        self._lifetime = lifetime
        self._asked = {"common_name": common_name, "organization": organization, "key_type": key_type}
        self._subject = subject(
            common_name or KUBEADM_NAMES.get(name, name.replace("/", "-")),
            [organization] if organization else [],
        )
        self._renew = renew

    def wanted(self) -> Attributes:
        """The attributes that the options ask for; what they leave open is taken as it is."""
        return {
            **self._asked,
            "certificate": CURRENT,
            "certificate_path": self._certificate_path,
            "key_path": self._key_path,
            "key_mode": files.PRIVATE,
            "certificate_mode": files.PUBLIC,
        }

    def find(self) -> Attributes | None:
        """The authority as it is on disk. Raises ResourceError for a pair that does not belong together."""
        key, certificate = keys.load_private(self._key_path), load_certificate(self._certificate_path)
        if key is None and certificate is None:
            return None
        if key is None:
            raise ResourceError(
                f"ca {self.name}: {self._certificate_path} is there without its key {self._key_path}; "
                "put the key back, or remove the certificate to have a new authority made"
            )
        if certificate is None:
            return self._describe(key, None)
        if key.public_key() != certificate.public_key():
            raise ResourceError(
                f"ca {self.name}: {self._key_path} is not the key of {self._certificate_path}; "
                "restore the one that was replaced (neither is overwritten)"
            )
        if not issuing.is_authority(certificate):
            raise ResourceError(
                f"ca {self.name}: {self._certificate_path} is a certificate that may not sign others; "
                "give another name, or remove it and its key"
            )
        return self._describe(key, certificate)

    @property
    def warning(self) -> str | None:
        """What to say of an authority whose end is near; None where there is nothing to say."""
        certificate = load_certificate(self._certificate_path)
        if certificate is None:
            return None
        standing = self._lifetime.standing(certificate, datetime.now(UTC), None)
        if standing == CURRENT or self._renew:
            return None
        return (
            f"{self._certificate_path} {standing}, and all that it issued ends with it; run with renew: true"
        )

    def create(self, wanted: Attributes) -> Attributes:
        """Makes key and certificate, the key first: a key alone is completed by the next run."""
        key = keys.generate(wanted.get("key_type", DEFAULT_KEY_TYPE))
        files.write(self._key_path, keys.private_pem(key), files.PRIVATE)
        self._certify(key, self._subject)
        return self._reread()

    def update(self, changes: Attributes) -> Attributes:
        """Certifies the key that is there again, or mends the modes."""
        if "certificate" in changes:
            authority_key, certificate = self._load()
            self._certify(
                authority_key, issuing.describe_subject(certificate.subject) if certificate else self._subject
            )
        files.set_mode(self._key_path, files.PRIVATE)
        files.set_mode(self._certificate_path, files.PUBLIC)
        return self._reread()

    def delete(self) -> None:
        """Removes both files, the certificate first: of a key alone the next run still knows what it is."""
        files.remove(self._certificate_path)
        files.remove(self._key_path)

    def _load(self) -> tuple[PrivateKey, Certificate | None]:
        key = keys.load_private(self._key_path)
        if key is None:
            raise ResourceError(f"ca {self.name}: {self._key_path} went away while this ran; run again")
        return key, load_certificate(self._certificate_path)

    def _reread(self) -> Attributes:
        return self._describe(*self._load())

    def _certify(self, key: PrivateKey, holder: issuing.Subject) -> None:
        now = datetime.now(UTC)
        certificate = issuing.self_signed(key, holder, now=now, until=self._lifetime.end(now, None))
        files.write(self._certificate_path, issuing.pem(certificate), files.PUBLIC)

    def _describe(self, key: PrivateKey, certificate: Certificate | None) -> Attributes:
        holder = issuing.describe_subject(certificate.subject) if certificate else self._subject
        return {
            "common_name": holder.common_name,
            "organization": ",".join(holder.organizations) or None,
            "key_type": keys.type_of(key.public_key()),
            "certificate": self._standing(certificate),
            "ends": validity.text(certificate) if certificate else None,
            "discovery_hash": keys.pin(key.public_key()),
            "certificate_path": self._certificate_path,
            "key_path": self._key_path,
            "key_mode": files.mode(self._key_path),
            "certificate_mode": files.mode(self._certificate_path) or files.PUBLIC,
        }

    def _standing(self, certificate: Certificate | None) -> str:
        if certificate is None:
            return validity.MISSING
        standing = self._lifetime.standing(certificate, datetime.now(UTC), None)
        return standing if self._renew else CURRENT


def paths(base: str) -> tuple[str, str]:
    """The certificate's and the key's file of a path without extension."""
    return f"{base}.crt", f"{base}.key"


def load_certificate(path: str) -> Certificate | None:
    """The certificate in a file, None where there is no file. Raises ResourceError."""
    content = files.read(path)
    return None if content is None else issuing.parse(content, path)


def load(base: str) -> issuing.Authority:
    """The authority at a path without extension, ready to sign. Raises ResourceError if a part is missing."""
    certificate_path, key_path = paths(base)
    certificate, key = load_certificate(certificate_path), keys.load_private(key_path)
    if certificate is None or key is None:
        missing = certificate_path if certificate is None else key_path
        raise ResourceError(
            f"the authority {base} cannot sign: there is no {missing}; make it with module ca"
        )
    if certificate.public_key() != key.public_key():
        raise ResourceError(
            f"the authority {base} cannot sign: {key_path} is not the key of {certificate_path}"
        )
    return issuing.Authority(certificate, key)
