# SPDX-License-Identifier: GPL-3.0-or-later
"""Who waits for an event misses none, whenever it comes, and ends when it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from packetd.api.errors import UnavailableError
from packetd.api.waits import NothingYetError, Waits
from packetd.store import Store, open_sqlite
from packetd.store.tables import Event

EMPTY: dict[str, Any] = {"events": []}
MINUTE = 60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_sqlite(tmp_path / "packetd.sqlite")
    yield store
    store.close()


def tell(store: Store, device: str) -> None:
    with store.write() as session:
        session.add(Event(type="test", body="", device_id=device))


async def present() -> dict[str, Any]:
    """A client that stays."""
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}


class Call:
    """Finds nothing ``times`` times, having seen the events up to ``since``."""

    def __init__(self, *, times: int, since: int = 0, seconds: int = MINUTE) -> None:
        self.asked = 0
        self._times, self._since, self._seconds = times, since, seconds
        self.found_nothing: Callable[[], None] = lambda: None

    async def __call__(self) -> str:
        self.asked += 1
        if self.asked <= self._times:
            self.found_nothing()
            raise NothingYetError(EMPTY, "device", self._since, self._seconds)
        return "found"


def test_an_event_between_the_look_and_the_wait_is_not_missed(store: Store) -> None:
    # Somebody else's is looked at first, with nothing about the device after it.
    tell(store, "other")

    async def meet() -> None:
        waits, call = Waits(store, 2), Call(times=1, since=1)
        call.found_nothing = lambda: tell(store, "device")
        early = asyncio.create_task(waits.run(Call(times=1, since=0), present))
        assert await asyncio.wait_for(waits.run(call, present), MINUTE / 2) == "found"
        assert await asyncio.wait_for(early, MINUTE / 2) == "found"

    asyncio.run(meet())


def test_who_finds_nothing_again_goes_on_waiting_until_the_time_is_over(store: Store) -> None:
    async def meet() -> None:
        waits, call = Waits(store, 1), Call(times=1000, seconds=1)
        call.found_nothing = lambda: tell(store, "device")
        began = time.monotonic()
        with pytest.raises(NothingYetError) as caught:
            await waits.run(call, present)
        assert caught.value.page is EMPTY
        assert 1 <= time.monotonic() - began < MINUTE / 2
        assert call.asked > 1

    asyncio.run(meet())


def test_what_hinders_the_look_is_told_by_the_call_itself(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OperationalError("SELECT", {}, ConnectionError("gone"))

    monkeypatch.setattr(store, "read", fail)

    async def meet() -> None:
        assert await asyncio.wait_for(Waits(store, 1).run(Call(times=1), present), MINUTE / 2) == "found"

    asyncio.run(meet())


def test_a_place_is_for_one_and_free_when_its_client_is_gone(store: Store) -> None:
    async def meet() -> None:
        waits, gone = Waits(store, 1), asyncio.Event()

        async def leaving() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        first = asyncio.create_task(waits.run(Call(times=1), leaving))
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="1 calls wait"):
            await waits.run(Call(times=1), present)
        gone.set()
        with pytest.raises(NothingYetError):
            await asyncio.wait_for(first, MINUTE / 2)
        tell(store, "device")
        assert await asyncio.wait_for(waits.run(Call(times=1), present), MINUTE / 2) == "found"

    asyncio.run(meet())


def test_when_it_stops_all_waits_end(store: Store) -> None:
    async def meet() -> None:
        waits = Waits(store, 2)
        first = asyncio.create_task(waits.run(Call(times=1), present))
        await asyncio.sleep(0)
        waits.stop()
        for late in (first, waits.run(Call(times=1), present)):
            with pytest.raises(NothingYetError):
                await asyncio.wait_for(late, MINUTE / 2)

    asyncio.run(meet())
