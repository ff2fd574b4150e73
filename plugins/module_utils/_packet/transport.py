# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How requests reach the Packet API: packet-python's Manager with a transport that can be relied upon.

packet-python 1.44.3 opens a connection for every request, knows no timeout and no retry, and speaks https
only. All its methods go through `call_api`, which is therefore the one thing replaced here.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import traceback
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from .._reconcile import ResourceError
from . import errors
from .connection import PARALLEL, Connection

try:
    import requests
    from packet.Manager import Manager
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry
except ImportError:
    MISSING: str | None = traceback.format_exc()
    Manager = Retry = object  # type: ignore[assignment,misc]
else:
    MISSING = None

USER_AGENT = "packet.kubernetes/0.1.0 "
CONNECT_TIMEOUT = 5.0
"""Seconds; a server that is there accepts a connection at once."""


class MissingLibraryError(ResourceError):
    """A Python library that the client needs is not there."""


class _Patience(Retry):
    """What may be sent again: what was refused for haste, and what may be done twice.

    A POST that met an error on its way may have been acted upon, so it is left to the caller to look.
    """

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return status_code == 429 or (method != "POST" and status_code in (500, 502, 503, 504))


class Transport(Manager):
    """A Manager whose requests share connections, end in time, are repeated where safe, fail with ApiError.

    May be used from several threads.
    """

    def __init__(self, connection: Connection) -> None:
        """Raises MissingLibraryError where packet-python is not installed."""
        if MISSING:
            raise MissingLibraryError(missing_required_lib("packet-python"))
        super().__init__(connection.token)  # type: ignore[no-untyped-call]
        self._connection = connection
        self._user_agent_prefix = USER_AGENT
        self._session = requests.Session()
        self._session.headers.update({"X-Auth-Token": connection.token, "User-Agent": self.user_agent})
        adapter = HTTPAdapter(pool_maxsize=PARALLEL, max_retries=_patience(connection.retries))
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def call_api(self, method: str, type: str = "GET", params: Any = None) -> Any:  # noqa: A002 as in Manager
        """Sends one request (`method` is packet-python's word for the path) and gives the decoded answer.

        `params` is the query of a GET and the body of everything else. Raises ApiError.
        """
        path = method.lstrip("/")
        request = f"{type} {path}"
        try:
            answer = self._session.request(
                type,
                f"{self._connection.url}/{path}",
                timeout=(CONNECT_TIMEOUT, self._connection.timeout),
                verify=self._connection.verify,
                **({"params": params} if type == "GET" else {"json": params}),
            )
        except requests.RequestException as error:
            raise errors.UnreachableError(request, _reason(error, self._connection)) from error
        body = _decode(answer)
        if not answer.ok:
            raise errors.failed(request, answer.status_code, body, self._connection.token_origin)
        self.meta = body.get("meta") if isinstance(body, dict) else None
        return body


def _patience(retries: int) -> _Patience:
    return _Patience(
        total=retries,
        allowed_methods={"GET", "PATCH", "PUT", "DELETE"},
        backoff_factor=0.25,
        backoff_jitter=0.25,
        backoff_max=10,
        retry_after_max=60,
        raise_on_status=False,
    )


def _decode(answer: requests.Response) -> Any:
    if not answer.content or "json" not in answer.headers.get("Content-Type", ""):
        return None
    try:
        return answer.json()
    except ValueError as error:
        raise errors.ServerFaultError(
            f"{answer.request.method} {answer.request.path_url}", "the answer is not the JSON it says it is"
        ) from error


def _reason(error: Exception, connection: Connection) -> str:
    """Why there was no answer, in words; the library's own text repeats itself over several layers."""
    cause = _innermost(error)
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"{connection.url} shows a certificate that is not trusted: {cause}; "
            "give its authority in ca_path"
        )
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection to {connection.url} (api_url) within {CONNECT_TIMEOUT:g} s"
    if isinstance(cause, TimeoutError):
        return f"no answer from {connection.url} within {connection.timeout:g} s (api_timeout)"
    what = getattr(cause, "strerror", None) or cause
    return f"cannot reach the Packet API at {connection.url} (api_url): {what}"


def _innermost(error: BaseException) -> BaseException:
    """The error that started the others."""
    while True:
        nested = [*error.args, error.__cause__]
        inner = next((part for part in nested if isinstance(part, BaseException)), None)
        if inner is None:
            return error
        error = inner
