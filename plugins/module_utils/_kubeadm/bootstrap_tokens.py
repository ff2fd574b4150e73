# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootstrap tokens: with one of them a new machine introduces itself to a cluster.

This module util is PRIVATE to the collection. A token is a Secret in kube-system, called
bootstrap-token-<id>; its fields are described in the Kubernetes documentation, "Authenticating with
Bootstrap Tokens".
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from .._pki.libraries import need
from .._reconcile import Attributes, ResourceError

NAMESPACE = "kube-system"
SECRET_TYPE = "bootstrap.kubernetes.io/token"  # noqa: S105 - the type of a Secret, not a secret
USAGES = ("signing", "authentication")
DEFAULT_GROUPS = ("system:bootstrappers:kubeadm:default-node-token",)
"""The group that kubeadm allows to ask for kubelet certificates."""

CURRENT = "current"

_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")
_DURATION = re.compile(r"(?=.)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_TIMEOUT = (5, 30)
"""Seconds to connect to the API server, and to wait for its answer."""


@dataclass(frozen=True)
class Token:
    """What one bootstrap token is."""

    id: str
    secret: str
    description: str
    groups: tuple[str, ...]
    usages: tuple[str, ...]
    ends: datetime | None

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> Token:
        """From the decoded fields of a Secret."""
        ends = data.get("expiration")
        return cls(
            data.get("token-id", ""),
            data.get("token-secret", ""),
            data.get("description", ""),
            tuple(group for group in data.get("auth-extra-groups", "").split(",") if group),
            tuple(usage for usage in USAGES if data.get(f"usage-bootstrap-{usage}") == "true"),
            datetime.fromisoformat(ends) if ends else None,
        )

    def data(self) -> dict[str, str]:
        """The fields of its Secret."""
        fields = {
            "token-id": self.id,
            "token-secret": self.secret,
            "description": self.description,
            "auth-extra-groups": ",".join(self.groups),
            **{f"usage-bootstrap-{usage}": "true" for usage in self.usages},
        }
        if self.ends is not None:
            fields["expiration"] = f"{self.ends:%Y-%m-%dT%H:%M:%SZ}"
        return fields

    @property
    def secret_name(self) -> str:
        """The name of its Secret."""
        return f"bootstrap-token-{self.id}"


class BootstrapToken:
    """One bootstrap token, known by its id or else by its description."""

    name: ClassVar[str] = "bootstrap_token"
    immutable: ClassVar[frozenset[str]] = frozenset()
    normalise: ClassVar[Mapping[str, Any]] = {"groups": sorted, "usages": sorted}
    options: ClassVar[Mapping[str, Any]] = {
        "kubeconfig": {"type": "path", "required": True},
        "token": {"type": "str", "no_log": True},
        "token_id": {"type": "str", "no_log": False},
        "description": {"type": "str"},
        "ttl": {"type": "str", "default": "24h"},
        "groups": {"type": "list", "elements": "str", "default": list(DEFAULT_GROUPS)},
        "usages": {"type": "list", "elements": "str", "choices": list(USAGES), "default": list(USAGES)},
    }
    rules: ClassVar[Mapping[str, Any]] = {
        "mutually_exclusive": [("token", "token_id")],
        "required_one_of": [("token", "token_id", "description")],
    }

    def __init__(
        self,
        kubeconfig: str,
        *,
        token_id: str | None,
        secret: str | None,
        description: str | None,
        ttl: timedelta | None,
        groups: tuple[str, ...],
        usages: tuple[str, ...],
        reveal: bool,
    ) -> None:
        """`reveal`: whether results hold the token; those of a removal would show it in the diff."""
        self._kubeconfig = kubeconfig
        self._id = token_id
        self._secret = secret
        self._description = description
        self._ttl = ttl
        self._groups = groups
        self._usages = usages
        self._reveal = reveal

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> BootstrapToken:
        """The token that these options speak of. Raises ResourceError for values that cannot be."""
        need("kubernetes")
        token_id, secret = _parse_token(params["token"]) if params["token"] else (params["token_id"], None)
        if token_id is not None and not re.fullmatch(r"[a-z0-9]{6}", token_id):
            raise ResourceError(f"token_id is {token_id!r}; allowed are six of a-z and 0-9")
        for group in params["groups"]:
            if not _GROUP.fullmatch(group):
                raise ResourceError(
                    f"groups has {group!r}; allowed are groups that begin with system:bootstrappers:"
                )
        return cls(
            params["kubeconfig"],
            token_id=token_id,
            secret=secret,
            description=params["description"],
            ttl=parse_duration(params["ttl"]),
            groups=tuple(params["groups"]),
            usages=tuple(params["usages"]),
            reveal=params["state"] == "present",
        )

    def wanted(self) -> Attributes:
        """The attributes that the options ask for."""
        return {
            "id": self._id,
            "description": self._description,
            "groups": list(self._groups),
            "usages": list(self._usages),
            "secret": "as given" if self._secret else None,
            "expiry": CURRENT,
        }

    def find(self) -> Attributes | None:
        """The token as the cluster has it. A cluster whose kubeconfig is not there yet has none."""
        if not os.path.exists(self._kubeconfig):
            return None
        found = self._matching()
        return self._describe(found[0]) if found else None

    def create(self, wanted: Attributes) -> Attributes:
        """Makes the token, with a random id and secret where they are not given."""
        token = self._token(self._id or _random(6), self._secret or _random(16))
        with _api(self._kubeconfig) as api:
            api.create_namespaced_secret(NAMESPACE, _body(token), _request_timeout=_TIMEOUT)
        return self._describe(token)

    def update(self, found: Attributes, changes: Attributes) -> Attributes:
        """Brings the token to what is asked for and lets it last from now on."""
        present = self._matching()[0]
        token = self._token(present.id, self._secret or present.secret, present)
        with _api(self._kubeconfig) as api:
            api.replace_namespaced_secret(
                token.secret_name, NAMESPACE, _body(token), _request_timeout=_TIMEOUT
            )
        return self._describe(token)

    def delete(self, found: Attributes) -> None:
        """Removes the token, or all with the description."""
        from kubernetes.client import ApiException

        with _api(self._kubeconfig) as api:
            for token in self._matching():
                try:
                    api.delete_namespaced_secret(token.secret_name, NAMESPACE, _request_timeout=_TIMEOUT)
                except ApiException as error:
                    if error.status != 404:
                        raise

    def _token(self, token_id: str, secret: str, present: Token | None = None) -> Token:
        description = self._description
        if description is None:
            description = present.description if present else ""
        ends = datetime.now(UTC) + self._ttl if self._ttl else None
        return Token(token_id, secret, description, self._groups, self._usages, ends)

    def _matching(self) -> list[Token]:
        """The tokens that are meant, the one that lasts longest first."""
        with _api(self._kubeconfig) as api:
            items = api.list_namespaced_secret(
                NAMESPACE, field_selector=f"type={SECRET_TYPE}", _request_timeout=_TIMEOUT
            ).items
        tokens = [Token.from_data(_decode(item.data or {})) for item in items]
        if self._id is not None:
            return [token for token in tokens if token.id == self._id]
        now = datetime.now(UTC)
        far = datetime.max.replace(tzinfo=UTC)
        # One that has ended is as good as gone: the cluster removes it on its own.
        alive = [token for token in tokens if token.ends is None or token.ends > now]
        described = [token for token in alive if token.description == self._description]
        return sorted(described, key=lambda token: token.ends or far, reverse=True)

    def _describe(self, token: Token) -> Attributes:
        attributes: Attributes = {
            "id": token.id,
            "description": token.description,
            "groups": list(token.groups),
            "usages": list(token.usages),
            "secret": "as given" if token.secret == self._secret else "another",
            "expiry": self._standing(token.ends),
            "ends": f"{token.ends:%Y-%m-%dT%H:%M:%SZ}" if token.ends else None,
        }
        if self._reveal:
            attributes["token"] = f"{token.id}.{token.secret}"
        return attributes

    def _standing(self, ends: datetime | None) -> str:
        if ends is None:
            return CURRENT if self._ttl is None else "never ends"
        # Half of the time asked for: whoever gets the token can count on that much.
        if self._ttl is not None and ends - datetime.now(UTC) >= self._ttl / 2:
            return CURRENT
        return f"ends {ends:%Y-%m-%d %H:%M} UTC"


def parse_duration(text: str) -> timedelta | None:
    """A duration as kubeadm writes it (1h30m); None for 0, which means for ever. Raises ResourceError."""
    if text == "0":
        return None
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        raise ResourceError(
            f"ttl is {text!r}; allowed are durations such as 24h, 1h30m or 90s, and 0 for ever"
        )
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds) or None


def _parse_token(token: str) -> tuple[str, str]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        # The value stays out of the message: it may be a secret with a typing mistake.
        raise ResourceError("token has the wrong form; allowed is <6 of a-z and 0-9>.<16 of a-z and 0-9>")
    return match[1], match[2]


def _random(length: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _place in range(length))


def _body(token: Token) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": token.secret_name, "namespace": NAMESPACE},
        "type": SECRET_TYPE,
        "stringData": token.data(),
    }


def _decode(data: Mapping[str, str]) -> dict[str, str]:
    return {name: base64.b64decode(value).decode() for name, value in data.items()}


@contextmanager
def _api(kubeconfig: str) -> Iterator[Any]:
    """The cluster's API; whatever goes wrong with it becomes a ResourceError."""
    from kubernetes import client, config
    from urllib3.exceptions import HTTPError

    configuration = client.Configuration()
    # Waiting for an API server is the business of the caller, who knows how long.
    configuration.retries = 0
    server = ""
    try:
        config.load_kube_config(config_file=kubeconfig, client_configuration=configuration)  # type: ignore[no-untyped-call]
        server = configuration.host
        with client.ApiClient(configuration) as connection:
            yield client.CoreV1Api(connection)
    except config.ConfigException as error:
        raise ResourceError(f"bootstrap_token: kubeconfig {kubeconfig} cannot be used: {error}") from error
    except client.ApiException as error:
        raise ResourceError(
            f"bootstrap_token: the API server {server} answered {error.status} {error.reason}"
        ) from error
    except HTTPError as error:
        raise ResourceError(f"bootstrap_token: the API server {server} does not answer: {error}") from error
