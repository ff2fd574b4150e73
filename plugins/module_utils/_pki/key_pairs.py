# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs that no certificate belongs to, such as the one that signs service account tokens.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .._reconcile import Attributes, ResourceError
from . import files, keys
from .libraries import need

DEFAULT_KEY_TYPE = "rsa-2048"
"""What kubeadm makes, and the one signature (RS256) that every OpenID Connect client has to understand."""

MATCHING = "matches the private key"


class KeyPair:
    """`<path>.key` and `<path>.pub`; the private key is never replaced."""

    name: ClassVar[str] = "key_pair"
    immutable: ClassVar[frozenset[str]] = frozenset({"key_type"})
    normalise: ClassVar[Mapping[str, Any]] = {}
    options: ClassVar[Mapping[str, Any]] = {
        "path": {"type": "path", "required": True},
        "key_type": {"type": "str", "choices": list(keys.KEY_TYPES)},
    }
    rules: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, path: str, key_type: str | None = None) -> None:
        need("cryptography")
        self._private_path, self._public_path = f"{path}.key", f"{path}.pub"
        self._key_type = key_type

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> KeyPair:
        """The key pair that these options speak of."""
        return cls(params["path"], params["key_type"])

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        return {
            "key_type": self._key_type,
            "public_key": MATCHING,
            "private_path": self._private_path,
            "public_path": self._public_path,
            "private_mode": files.PRIVATE,
            "public_mode": files.PUBLIC,
        }

    def find(self) -> Attributes | None:
        """The pair as it is on disk. Raises ResourceError if the files do not belong together."""
        private, public = keys.load_private(self._private_path), keys.load_public(self._public_path)
        if private is None and public is None:
            return None
        if private is None:
            raise ResourceError(
                f"key_pair: {self._public_path} is there without its private key {self._private_path}; "
                "put the key back, or remove the public one to have a new pair made"
            )
        if public is not None and public != private.public_key():
            raise ResourceError(
                f"key_pair: {self._public_path} is not the public key of {self._private_path}; "
                "restore the one that was replaced (neither is overwritten)"
            )
        return self._describe(private, MATCHING if public else "missing")

    def create(self, wanted: Attributes) -> Attributes:
        """Makes the pair, the private key first: the next run derives a missing public key from it."""
        private = keys.generate(wanted.get("key_type", DEFAULT_KEY_TYPE))
        files.write(self._private_path, keys.private_pem(private), files.PRIVATE)
        files.write(self._public_path, keys.public_pem(private.public_key()), files.PUBLIC)
        return self._describe(private, MATCHING)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Writes the public key where it is missing, and mends the modes."""
        private = keys.load_private(self._private_path)
        if private is None:
            raise ResourceError(f"key_pair: {self._private_path} went away while this ran; run again")
        if "public_key" in changes:
            files.write(self._public_path, keys.public_pem(private.public_key()), files.PUBLIC)
        files.set_mode(self._private_path, files.PRIVATE)
        files.set_mode(self._public_path, files.PUBLIC)
        return self._describe(private, MATCHING)

    def delete(self, found: Attributes) -> None:
        """Removes both files, the public one first: of a private key alone the next run still knows."""
        files.remove(self._public_path)
        files.remove(self._private_path)

    def _describe(self, private: keys.PrivateKey, public_key: str) -> Attributes:
        return {
            "key_type": keys.type_of(private.public_key()),
            "public_key": public_key,
            "private_path": self._private_path,
            "public_path": self._public_path,
            "private_mode": files.mode(self._private_path),
            "public_mode": files.mode(self._public_path) or files.PUBLIC,
        }
