# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is signed in. A browser holds a random id, and this process alone knows whose it is."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass

_LASTS_SECONDS = 12 * 60 * 60
_MOST = 1000


@dataclass(frozen=True)
class Session:
    """``digest`` is that of the token, which is looked up again at each page; ``name`` is what to call
    its owner."""

    digest: str
    name: str
    ends: float


class Sessions:
    """By id, in memory: all end with the process. For any thread."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, digest: str, name: str) -> str:
        """The id of a new session; the oldest ends where there are too many."""
        id_ = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[id_] = Session(digest, name, time.monotonic() + _LASTS_SECONDS)
            while len(self._sessions) > _MOST:
                del self._sessions[next(iter(self._sessions))]
        return id_

    def find(self, id_: str) -> Session | None:
        """The session of this id, while it lasts."""
        with self._lock:
            session = self._sessions.get(id_)
            if session is not None and time.monotonic() >= session.ends:
                del self._sessions[id_]
                return None
            return session

    def end(self, id_: str) -> None:
        """One that is over already is fine."""
        with self._lock:
            self._sessions.pop(id_, None)
