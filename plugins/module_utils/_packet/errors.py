# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between us and the Packet API, one class for each thing a caller may tell apart.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._reconcile import ResourceError


class ApiError(ResourceError):
    """A request that did not succeed."""

    def __init__(self, request: str, problem: str, messages: Sequence[str] = (), remedy: str = "") -> None:
        """`request` is method and path; `messages` the server's own words; `remedy` says what to do."""
        text = "; ".join(part for part in ("; ".join(messages) or problem, remedy) if part)
        super().__init__(f"{request}: {text}")


class UnreachableError(ApiError):
    """No answer: whether the server has acted on the request is not known."""


class UnauthorizedError(ApiError):
    """401: the token is missing or wrong."""


class ForbiddenError(ApiError):
    """403: no access; also what the API says of a device that failed and was taken out of its project."""


class NotFoundError(ApiError):
    """404."""


class InvalidError(ApiError):
    """422 and other 4xx: the server does not accept what was asked."""


class ServerFaultError(ApiError):
    """429 or 5xx that outlived all retries."""


class UnavailableError(ServerFaultError):
    """503: the server does not do it now; of an order, that no machine is left for it."""


def failed(request: str, status: int, body: Any, token_origin: str) -> ApiError:
    """The error for an answer with this status; `body` is the decoded answer, whatever it may be."""
    messages = _messages(body)
    problem = f"the Packet API answered {status}"
    if status == 401:
        return UnauthorizedError(
            request, problem, messages, f"the token came from {token_origin}; is it one of this API's tokens?"
        )
    if status == 403:
        return ForbiddenError(
            request, problem, messages, f"the token from {token_origin} has no access to it"
        )
    if status == 404:
        return NotFoundError(request, problem, messages)
    if status == 429 or status >= 500:
        fault = UnavailableError if status == 503 else ServerFaultError
        return fault(request, problem, [problem, *messages], "try again later")
    return InvalidError(request, problem, messages)


def _messages(body: Any) -> list[str]:
    """The server's words; it is known to send `errors` (a list, or messages by field) and `error`."""
    if not isinstance(body, dict):
        return []
    errors = body.get("errors") or body.get("error") or []
    if isinstance(errors, dict):
        return [f"{field}: {_line(text)}" for field, text in errors.items()]
    if isinstance(errors, list):
        return [_line(text) for text in errors]
    return [_line(errors)]


def _line(text: Any) -> str:
    if isinstance(text, list):
        return ", ".join(_line(part) for part in text)
    if isinstance(text, dict):
        return ", ".join(f"{name}: {_line(value)}" for name, value in text.items())
    return str(text)
