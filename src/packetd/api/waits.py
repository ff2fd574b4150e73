# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that wait for an event, and hold nothing meanwhile: no thread, no turn, nothing of the database.

One look at the database now and then serves all that wait. Nobody could tell instead, as the event may be
written by another server.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Receive

from packetd.api.errors import UnavailableError
from packetd.api.views import Document
from packetd.store import Store
from packetd.store.tables import Event

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.25
# Of more, the rest is seen at the next look.
_MOST_AT_A_LOOK = 1000

T = TypeVar("T")


class NothingYetError(Exception):
    """What a call asks for is not there, and its client would wait ``seconds`` for it.

    ``page`` is the answer when they are over. The call looked at all events up to the serial ``since``; new
    ones concern it if they are about the thing with this id, None for any thing.
    """

    def __init__(self, page: Document, about: str | None, since: int, seconds: int) -> None:
        super().__init__(f"nothing yet about {about or 'anything'}")
        self.page = page
        self.about = about
        self.since = since
        self.seconds = seconds


@dataclass(eq=False)
class _Waiting:
    about: str | None
    since: int
    news: asyncio.Future[None]

    def wake(self) -> None:
        if not self.news.done():
            self.news.set_result(None)


class Waits:
    """Those of one event loop, at most ``most`` at the same time."""

    def __init__(self, store: Store, most: int) -> None:
        self._store = store
        self._most = most
        self._places_taken = 0
        self._waiting: set[_Waiting] = set()
        self._looking: asyncio.Task[None] | None = None
        self._stopped = False

    async def run(self, ask: Callable[[], Awaitable[T]], receive: Receive) -> T:
        """What ``ask`` returns, asked again at each news while it raises NothingYetError.

        Raises the last of these when the time is over, the client is gone or the server stops, and
        UnavailableError when too many wait already.
        """
        loop = asyncio.get_running_loop()
        deadline: float | None = None
        with ExitStack() as place:
            while True:
                try:
                    return await ask()
                except NothingYetError as nothing:
                    if deadline is None:
                        place.enter_context(self._place())
                        deadline = loop.time() + nothing.seconds
                    if not await self._news(nothing, deadline - loop.time(), receive):
                        raise

    def stop(self) -> None:
        """End all waits, and those that would begin later."""
        self._stopped = True
        for waiting in self._waiting:
            waiting.wake()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._places_taken >= self._most:
            raise UnavailableError(f"{self._most} calls wait for events already; try again later")
        self._places_taken += 1
        try:
            yield
        finally:
            self._places_taken -= 1

    async def _news(self, nothing: NothingYetError, seconds: float, receive: Receive) -> bool:
        """Wait for an event that may be the one; False when it is time to answer without."""
        if self._stopped:
            return False
        waiting = _Waiting(nothing.about, nothing.since, asyncio.get_running_loop().create_future())
        gone = asyncio.ensure_future(_gone(receive))
        self._waiting.add(waiting)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_out())
        try:
            await asyncio.wait((waiting.news, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return waiting.news.done() and not self._stopped
        finally:
            self._waiting.remove(waiting)
            gone.cancel()

    async def _look_out(self) -> None:
        """Wake those whom a new event concerns, for as long as anybody waits."""
        while waiting := list(self._waiting):
            try:
                newest = await asyncio.to_thread(self._newest, min(each.since for each in waiting))
            except SQLAlchemyError:
                log.exception("new events cannot be looked for; who waits asks for them")
                for each in waiting:
                    each.wake()
            else:
                for each in waiting:
                    if newest.get(each.about, 0) > each.since:
                        each.wake()
                    each.since = max(each.since, newest[None])
            await asyncio.sleep(_LOOK_SECONDS)

    def _newest(self, since: int) -> dict[str | None, int]:
        """Serials of the newest events after ``since``: about each thing by its id, and of all by None."""
        newest: dict[str | None, int] = {None: since}
        with self._store.read() as session:
            for serial, *things in session.execute(_EVENTS_AFTER, {"since": since}):
                newest.update(dict.fromkeys((*things, None), serial))
        return newest


_EVENTS_AFTER = (
    select(Event.serial, Event.project_id, Event.organization_id, Event.device_id, Event.volume_id)
    .where(Event.serial > bindparam("since", type_=Integer))
    .order_by(Event.serial)
    .limit(_MOST_AT_A_LOOK)
)


async def _gone(receive: Receive) -> None:
    """Return when the client is."""
    while (await receive())["type"] != "http.disconnect":
        continue
