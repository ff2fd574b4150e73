# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the Packet API, cheap to import: what takes long to load is loaded with the first request.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from .._reconcile import ResourceError
from .connection import PARALLEL, Connection
from .errors import NotFoundError

if TYPE_CHECKING:
    from .transport import Transport

T = TypeVar("T")
U = TypeVar("U")


class Client:
    """Sends requests to the API. May be used from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def call_api(self, method: str, type: str = "GET", params: Any = None) -> Any:  # noqa: A002 as in Manager
        """Sends one request (`method` is packet-python's word for the path) and gives the decoded answer.

        `params` is the query of a GET and the body of everything else. Raises ApiError, or
        MissingLibraryError where packet-python is not installed.
        """
        return self._transport.call_api(method, type, params)

    def remove(self, path: str) -> None:
        """Has something deleted; that it is gone already is no error. Raises ApiError."""
        try:
            self.call_api(path, "DELETE")
        except NotFoundError:
            return

    @cached_property
    def _transport(self) -> Transport:
        # Here and not above: a module that has nothing to ask need not wait for requests, which takes 0.1 s.
        from .transport import Transport

        return Transport(self._connection)


def each(work: Callable[[T], U], things: Iterable[T]) -> list[U | ResourceError]:
    """Does the work for all things, several at once; what fails yields its ResourceError."""

    def attempt(thing: T) -> U | ResourceError:
        try:
            return work(thing)
        except ResourceError as error:
            return error

    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(attempt, things))


def all_of(work: Callable[[T], U], things: Iterable[T]) -> list[U]:
    """Does the work for all things, several at once. Raises the first ResourceError, once all are tried."""
    done: list[U] = []
    for outcome in each(work, things):
        if isinstance(outcome, ResourceError):
            raise outcome
        done.append(outcome)
    return done
