# SPDX-License-Identifier: GPL-3.0-or-later
"""One leader at a time, by a Lease of the cluster.

The rules are those of client-go's leader election: who holds the Lease renews it; who waits takes it over
when it has not changed for as long as it is valid, by its own clock; the version of the Lease decides between
two who try at once. Who cannot renew in time ends, so that there is never a second one acting.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease
from prometheus_client import Gauge

log = logging.getLogger(__name__)

LEADING = Gauge("controller_leader", "1 where this one is the leader")


class LeadershipLostError(Exception):
    """Somebody else may lead now."""


@dataclass(frozen=True)
class Times:
    """Seconds. What an address does not work after its leader died begins with ``valid``."""

    valid: float = 8.0
    """How long a Lease holds that nobody renews."""
    renewed: float = 5.0
    """Within which it has to be renewed, or the leader ends."""
    pause: float = 1.5
    """Between two attempts."""


class Leadership:
    """Of one name in kube-system."""

    def __init__(
        self,
        api: AsyncClient,
        name: str,
        identity: str,
        namespace: str = "kube-system",
        times: Times = Times(),
    ) -> None:
        self._api = api
        self._name = name
        self._identity = identity
        self._namespace = namespace
        self._times = times
        self._seen: tuple[str, float] = ("", 0.0)

    async def acquire(self) -> None:
        """Waits until this one is the leader."""
        log.info("waiting for the Lease %s", self._name)
        while not await self._try():
            await asyncio.sleep(self._times.pause)
        LEADING.set(1)
        log.info("leading as %s", self._identity)

    async def hold(self) -> None:
        """Renews for ever. Raises LeadershipLostError."""
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(self._times.pause)
            began = time.monotonic()
            if await self._in_time(renewed + self._times.renewed - began):
                renewed = began
            elif time.monotonic() - renewed >= self._times.renewed:
                LEADING.set(0)
                raise LeadershipLostError(f"the Lease {self._name} was not renewed in time")

    async def release(self) -> None:
        """Lets the next one lead at once."""
        LEADING.set(0)
        try:
            lease = await self._read()
            if lease and lease.spec and lease.spec.holderIdentity == self._identity:
                await self._write(lease, "", 1)
        except (ApiError, httpx2.HTTPError) as error:
            log.warning("the Lease %s was not released and has to run out: %s", self._name, error)

    async def _in_time(self, seconds: float) -> bool:
        try:
            return await asyncio.wait_for(self._try(), max(0.1, seconds))
        except TimeoutError:
            return False

    async def _try(self) -> bool:
        try:
            lease = await self._read()
            if lease is None:
                await self._api.create(self._lease(None, self._identity, self._seconds))
                return True
            if not self._free(lease):
                return False
            await self._write(lease, self._identity, self._seconds)
        except (ApiError, httpx2.HTTPError) as error:
            log.warning("the Lease %s: %s", self._name, error)
            return False
        return True

    def _free(self, lease: Lease) -> bool:
        """Whether it is ours, nobody's, or unchanged for as long as it is valid, since we look."""
        holder = (lease.spec and lease.spec.holderIdentity) or ""
        version = str(lease.metadata and lease.metadata.resourceVersion)
        if version != self._seen[0]:
            self._seen = (version, time.monotonic())
        valid = (lease.spec and lease.spec.leaseDurationSeconds) or 0
        return holder in ("", self._identity) or time.monotonic() >= self._seen[1] + valid

    @property
    def _seconds(self) -> int:
        return round(self._times.valid)

    async def _read(self) -> Lease | None:
        try:
            return await self._api.get(Lease, self._name, namespace=self._namespace)
        except ApiError as error:
            if error.status.code == 404:
                return None
            raise

    async def _write(self, lease: Lease, holder: str, seconds: int) -> None:
        await self._api.replace(self._lease(lease, holder, seconds))

    def _lease(self, found: Lease | None, holder: str, seconds: int) -> Lease:
        now = datetime.now(UTC)
        former = found.spec if found and found.spec else LeaseSpec()
        same = former.holderIdentity == holder
        return Lease(
            metadata=ObjectMeta(
                name=self._name,
                namespace=self._namespace,
                # Who read an older one is refused.
                resourceVersion=found.metadata.resourceVersion if found and found.metadata else None,
            ),
            spec=LeaseSpec(
                holderIdentity=holder,
                leaseDurationSeconds=seconds,
                acquireTime=former.acquireTime if same else now,
                renewTime=now,
                leaseTransitions=(former.leaseTransitions or 0) + (0 if same else 1),
            ),
        )
