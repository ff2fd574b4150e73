# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A public SSH key that devices let in: of a project, or of the user to whom the token belongs.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from .._info import Info
from .._packet.client import Client
from .._packet.connection import OPTIONS, Connection
from .._packet.paging import Item, everything
from .._reconcile import Attributes, Normalise, ResourceError
from .election import make_once
from .filters import named
from .references import Home, meant, pick


def without_comment(key: str) -> str:
    """Type and body of a public key: what makes it this key."""
    return " ".join(key.split()[:2])


class SshKey:
    """One key, known by its label or, where no key has that label, by its text."""

    name: ClassVar[str] = "ssh_key"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Normalise]] = {"key": without_comment}
    options: ClassVar[Mapping[str, Any]] = {
        **OPTIONS,
        "label": {"type": "str", "required": True},
        # A public key is no secret.
        "key": {"type": "str", "no_log": False},
        "key_file": {"type": "path", "no_log": False},
        "project": {"type": "str"},
    }
    rules: ClassVar[Mapping[str, Any]] = {
        "required_if": [("state", "present", ("key", "key_file"), True)],
        "mutually_exclusive": [("key", "key_file")],
    }

    def __init__(self, client: Client, params: Mapping[str, Any]) -> None:
        """Raises ResourceError for what is no public key."""
        self._client = client
        self._label: str = params["label"]
        self._key_file = Path(params["key_file"]) if params.get("key_file") else None
        self._key: str | None = _read(self._key_file) if params.get("key") is None else params["key"]
        self._home = Home(client, params["project"]) if params.get("project") else None
        if self._key is not None and not _is_public_key(self._key):
            raise ResourceError(
                f"ssh_key {self._label!r}: key is no public key of OpenSSH (<type> <base64> [<comment>])"
            )

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> SshKey:
        """The key that the options speak of."""
        return cls(Client(Connection.from_params(params)), params)

    @property
    def warnings(self) -> list[str]:
        """What check mode should say."""
        missing = self._key_file and self._key is None
        file = [f"key_file {self._key_file} does not exist yet"] if missing else []
        return [*(self._home.warnings if self._home else []), *file]

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        return {"label": self._label, "key": self._key.strip() if self._key else None}

    def find(self) -> Attributes | None:
        """Looks through all keys of the project or the user. The API holds a key once, whatever its label."""
        keys = self._all()
        found = pick("ssh_key", self._label, keys, label="label")
        found = found or next(iter(self._same_text(keys)), None)
        return _attributes(found) if found else None

    def create(self, wanted: Attributes) -> Attributes:
        """Adds it to the project or the user."""
        if "key" not in wanted:
            raise ResourceError(f"ssh_key {self._label!r}: key_file {self._key_file} does not exist")
        path = self._home.path("ssh-keys") if self._home else "ssh-keys"
        made = make_once(
            f"ssh_key {self._label!r}",
            lambda: self._client.call_api(path, "POST", wanted),
            self._meant,
            self.delete,
        )
        return _attributes(made)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Gives it another label, or the label another key; devices that exist keep the keys they have."""
        return _attributes(self._client.call_api(f"ssh-keys/{found['id']}", "PATCH", changes))

    def delete(self, found: Attributes) -> None:
        """Removes it; devices that exist keep letting it in."""
        self._client.remove(f"ssh-keys/{found['id']}")

    def _all(self) -> list[Item]:
        if self._home:
            return self._home.everything("ssh-keys", "ssh_keys")
        return everything(self._client, "ssh-keys", "ssh_keys")

    def _meant(self) -> list[Item]:
        """Those of the label, else those of the text."""
        keys = self._all()
        return meant(self._label, keys, label="label") or self._same_text(keys)

    def _same_text(self, keys: list[Item]) -> list[Item]:
        asked = without_comment(self._key or "")
        return [key for key in keys if asked and without_comment(key["key"]) == asked]


def _read(file: Path | None) -> str | None:
    """The text of a key's file. In check mode a task before may be about to make it, so it may be missing."""
    try:
        return file.read_text() if file else None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ResourceError(f"ssh_key: key_file {file} cannot be read: {error}") from error


def _attributes(key: Item) -> Attributes:
    return {name: key.get(name) for name in ("id", "label", "key", "fingerprint")}


def _is_public_key(text: str) -> bool:
    """A public key's body begins with the length and the name of its type (RFC 4253, section 6.6)."""
    words = text.split()
    if len(words) < 2 or "\n" in text.strip():
        return False
    try:
        body = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        return False
    kind = words[0].encode()
    return body.startswith(len(kind).to_bytes(4, "big") + kind)


def _search(client: Client, params: Mapping[str, Any]) -> list[Attributes]:
    path = Home(client, params["project"]).path("ssh-keys") if params["project"] else "ssh-keys"
    keys = map(_attributes, everything(client, path, "ssh_keys"))
    return [key for key in keys if named(key, "label", params["labels"])]


SSH_KEYS = Info(
    "ssh_keys", _search, {"project": {"type": "str"}, "labels": {"type": "list", "elements": "str"}}
)
