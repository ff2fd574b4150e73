# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows what happens in a project, so that a change at the Packet API is acted upon at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ansible_collections.packet.kubernetes.plugins.module_utils._kinds.links import kind_of
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.errors import ApiError, InvalidError
from ansible_collections.packet.kubernetes.plugins.module_utils._packet.paging import Item

from controllers.runtime.api import Api

log = logging.getLogger(__name__)

WAIT = 25
"""Seconds that the server holds an answer back until something happens; less than the client's patience."""
_PAGE = 100
_BACK_OFF = (1.0, 2.0, 5.0, 10.0, 20.0)


async def follow(api: Api, tell: Callable[[], None]) -> None:
    """Calls ``tell`` whenever something happened to devices, and after each time of not knowing; for ever.

    packetd answers as soon as there is an event. Of a server that answers at once the same is asked so
    often as if it had waited.
    """
    latest: str | None = None
    failures = 0
    while True:
        try:
            latest = await _next(api, latest, tell)
            failures = 0
        except InvalidError:
            # The event that was the latest is not known any more, as after a backup was restored.
            latest = None
        except ApiError as error:
            latest = None
            log.warning("cannot follow the project's events: %s", error)
            await asyncio.sleep(_BACK_OFF[min(failures, len(_BACK_OFF) - 1)])
            failures += 1


async def _next(api: Api, latest: str | None, tell: Callable[[], None]) -> str | None:
    """The latest event after the next ones have come, or none has in the time."""
    if latest is None:
        page = await api.in_project("events", per_page=1)
        tell()
        if not page["events"]:
            await asyncio.sleep(WAIT)
        return _first(page["events"])
    began = time.monotonic()
    page = await api.in_project("events", after=latest, wait=WAIT, per_page=_PAGE)
    news = _newer(page["events"], latest)
    if any(_of_device(event) for event in news):
        tell()
    elif not news:
        await asyncio.sleep(max(0.0, WAIT - (time.monotonic() - began)))
    return _first(news) or latest


def _newer(events: list[Item], latest: str) -> list[Item]:
    """Those before the known one; a server that does not know ``after`` shows it again, the latest first."""
    ids = [event["id"] for event in events]
    return events[: ids.index(latest)] if latest in ids else events


def _first(events: list[Item]) -> str | None:
    return str(events[0]["id"]) if events else None


def _of_device(event: Item) -> bool:
    return any(kind_of(link) == "devices" for link in event.get("relationships") or [])
