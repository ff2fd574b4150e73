# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking an API server or etcd, as a control plane or a kubelet may, with what kubeadm left on the machine.

This module util is PRIVATE to the collection. The standard library is enough for it, so nothing has to be
installed on the machines.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .._reconcile import ResourceError

_PATIENCE = 10.0
"""Seconds for one answer."""


@dataclass(frozen=True)
class Api:
    """A server of JSON over HTTPS, such as an API server, and the credentials for it."""

    url: str
    authority: Path
    credentials: bytes
    """The client's certificate and key, in PEM."""

    def get(self, path: str) -> Any | None:
        """The object at this path, None where there is none to be seen.

        One that may not be seen counts as none: kubeadm gives the right to see it before it makes it.
        Raises ResourceError, OSError, HTTPException.
        """
        return self._decoded(path, *self._request("GET", path))

    def post(self, path: str, body: Any) -> Any | None:
        """The answer to this, None where what it speaks of is not there.

        Raises ResourceError, OSError, HTTPException.
        """
        return self._decoded(path, *self._request("POST", path, json.dumps(body)))

    def answers(self, path: str) -> bool:
        """Whether anybody is there, whatever the answer."""
        return self._status(path) is not None

    def ready(self) -> bool:
        """Whether the API server is there and ready."""
        return self._status("/readyz") == http.HTTPStatus.OK

    def wait_ready(self, timeout: float) -> bool:
        """Whether the API server becomes ready within so many seconds."""
        deadline = time.monotonic() + timeout
        while not self.ready():
            if time.monotonic() > deadline:
                return False
            time.sleep(1)
        return True

    def _status(self, path: str) -> int | None:
        try:
            return self._request("GET", path)[0]
        except (OSError, http.client.HTTPException):
            return None

    def _decoded(self, path: str, code: int, body: bytes) -> Any | None:
        if code in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.FORBIDDEN):
            return None
        if code != http.HTTPStatus.OK:
            raise ResourceError(f"{self.url}{path}: the server answered {code}: {body.decode()[:300]}")
        return json.loads(body)

    def _request(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        address = urlsplit(self.url)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=self._context(), timeout=_PATIENCE
        )
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        # OpenSSL reads only files; this one is in memory and has no name.
        with open(os.memfd_create("credentials"), "wb") as file:
            file.write(self.credentials)
            file.flush()
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
        return context
