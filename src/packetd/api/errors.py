# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that say no. Clients read ``errors``, a list of sentences."""

from __future__ import annotations

from collections.abc import Iterable


class ApiError(Exception):
    """Ends a call with this status and these sentences."""

    def __init__(self, status: int, errors: Iterable[str]) -> None:
        self.status = status
        self.errors = list(errors)
        super().__init__("; ".join(self.errors))


class NotFoundError(ApiError):
    def __init__(self) -> None:
        super().__init__(404, ["Not found"])


class InvalidError(ApiError):
    """What was sent cannot be accepted; each sentence names a field."""

    def __init__(self, *errors: str) -> None:
        super().__init__(422, errors)


class ForbiddenError(ApiError):
    def __init__(self, error: str) -> None:
        super().__init__(403, [error])


class UnavailableError(ApiError):
    """Nothing is wrong with the request, but there is no capacity for it."""

    def __init__(self, error: str) -> None:
        super().__init__(503, [error])


class NoDatabaseError(UnavailableError):
    """What was written may be stored, or not."""

    def __init__(self) -> None:
        super().__init__("The database does not answer; try again")
