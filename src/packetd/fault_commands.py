# SPDX-License-Identifier: GPL-3.0-or-later
"""`packetd fault`: asks the running server, so that what it answers is in force."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from packetd.ownership import ServerError
from packetd.printing import print_rows

_PATIENCE = 30.0
_COLUMNS = ("id", "effect", "fired", "created_at", "settings")
_PATH = "/_packetd/faults"


class Server:
    """A running server at ``url``, asked with the administrator's ``token``."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        # Whatever proxy the environment names leads elsewhere, or back here.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def add(self, fault: dict[str, Any]) -> None:
        print(self._ask("POST", _PATH, fault)["id"])

    def list(self, *, as_json: bool) -> None:
        faults = self._ask("GET", _PATH)["faults"]
        print_rows(faults if as_json else [_row(fault) for fault in faults], _COLUMNS, as_json)

    def clear(self, ids: Sequence[str]) -> None:
        for path in [f"{_PATH}/{id_}" for id_ in ids] or [_PATH]:
            self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - from packetd.json
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Auth-Token": self._token},
        )
        try:
            with self._opener.open(request, timeout=_PATIENCE) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            reason = "; ".join(json.load(error)["errors"])
            raise ServerError(f"{method} {path}: {error.code} {reason}") from None
        return json.loads(content) if content else None


def _row(fault: dict[str, Any]) -> dict[str, Any]:
    others = {name: value for name, value in fault.items() if name not in _COLUMNS}
    return {**fault, "settings": " ".join(f"{name}={value}" for name, value in others.items())}
