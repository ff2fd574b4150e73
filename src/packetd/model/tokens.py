# SPDX-License-Identifier: GPL-3.0-or-later
"""API tokens."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """A token of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """How a token is stored: it is random, so a plain digest cannot be searched backwards."""
    return hashlib.sha256(token.encode()).hexdigest()
