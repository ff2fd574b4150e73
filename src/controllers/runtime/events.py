# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of the cluster's API: what users see of an object with kubectl describe."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.models.core_v1 import EventSource, ObjectReference
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Event

from controllers.runtime.kubernetes import MANAGER, Key

log = logging.getLogger(__name__)

NORMAL = "Normal"
WARNING = "Warning"
# The API refuses longer ones.
_LONGEST = 1024


class Subject(Protocol):
    """What an event is about."""

    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def uid(self) -> str: ...


class Events:
    """Of objects of one kind. What was said last is not said again."""

    def __init__(self, api: AsyncClient, kind: str) -> None:
        self._api = api
        self._kind = kind
        self._told: dict[Key, dict[str, str]] = {}

    async def tell(self, subject: Subject, type_: str, reason: str, message: str) -> None:
        """Posts it, unless a warning says the same as the last one for this reason."""
        key = (subject.namespace, subject.name)
        if type_ == WARNING:
            if self._told.get(key, {}).get(reason) == message:
                return
            log.warning("%s %s/%s: %s", self._kind, *key, message, extra={"object": "/".join(key)})
        try:
            await self._api.create(self._event(subject, type_, reason, message))
        except (ApiError, httpx2.HTTPError) as error:
            # Nothing depends on it, and in a namespace that is going the API takes none.
            log.warning("the event %s of %s/%s was not taken: %s", reason, *key, error)
            return
        if type_ == WARNING:
            self._told.setdefault(key, {})[reason] = message

    def told(self) -> set[Key]:
        """Those of whom warnings were posted."""
        return set(self._told)

    def forget(self, keys: Iterable[Key]) -> None:
        """Has warnings of these posted again, when there are any."""
        for key in keys:
            self._told.pop(key, None)

    def _event(self, subject: Subject, type_: str, reason: str, message: str) -> Event:
        now = datetime.now(UTC)
        return Event(
            metadata=ObjectMeta(name=f"{subject.name}.{uuid.uuid4().hex[:16]}", namespace=subject.namespace),
            involvedObject=ObjectReference(
                apiVersion="v1",
                kind=self._kind,
                namespace=subject.namespace,
                name=subject.name,
                uid=subject.uid,
            ),
            type=type_,
            reason=reason,
            message=message[:_LONGEST],
            source=EventSource(component=MANAGER),
            firstTimestamp=now,
            lastTimestamp=now,
            count=1,
        )
