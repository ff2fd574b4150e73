# SPDX-License-Identifier: GPL-3.0-or-later
"""What a public SSH key is."""

from __future__ import annotations

import base64
import binascii
import hashlib

TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


def fingerprint(key: str) -> str:
    """The MD5 fingerprint of a line of ``authorized_keys``, as the API shows it ("3b:9d:...").

    Raises ValueError that says what is wrong when the line is no public key.
    """
    words = key.split(None, 2)
    if len(words) < 2 or "\n" in key.strip():
        raise ValueError("is not one line of type and base64 key")
    if words[0] not in TYPES:
        raise ValueError(f"is of type {words[0]!r}; allowed are {', '.join(TYPES)}")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise ValueError("is not valid base64") from None
    name = words[0].encode()
    # RFC 4253, 6.6: the key itself begins with its type, as a counted string.
    if blob[: 4 + len(name)] != len(name).to_bytes(4, "big") + name or len(blob) < 4 + len(name) + 32:
        raise ValueError(f"is not a {words[0]} key: its data is of another type or cut short")
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, 32, 2))
