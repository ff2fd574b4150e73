# Copyright: (c) 2026, The packet.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validity: how long certificates last and when one is due for the next. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .._reconcile import ResourceError
from .issuing import BACKDATED

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

CURRENT = "current"
"""What the attribute `certificate` says of one that nothing needs to be done about."""

MISSING = "missing"


@dataclass(frozen=True)
class Lifetime:
    """For how long a certificate is issued, and how long before its end the next one is."""

    length: timedelta
    renew_before: timedelta

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Lifetime:
        """From the options `days` and `renew_before`, both in days. Raises ResourceError."""
        days, renew_before = params["days"], params["renew_before"]
        if not 1 <= days <= 36500:
            raise ResourceError(f"days is {days}; allowed are 1 to 36500")
        if not 0 <= renew_before < days:
            raise ResourceError(
                f"renew_before is {renew_before}; allowed are 0 up to less than days, which is {days}, "
                "or each run would issue a new certificate"
            )
        return cls(timedelta(days=days), timedelta(days=renew_before))

    def end(self, now: datetime, authority: Certificate | None) -> datetime:
        """When a certificate issued now ends: with its authority at the latest."""
        end = now + self.length
        return end if authority is None else min(end, authority.not_valid_after_utc)

    def standing(self, certificate: Certificate, now: datetime, authority: Certificate | None) -> str:
        """CURRENT, or in words why the certificate is due to be replaced.

        One that ends with its authority is not due: another would end at the same moment.
        """
        end = certificate.not_valid_after_utc
        due = end - now < self.renew_before or end <= now
        # The margin keeps two runs within the same minutes from taking turns.
        if not due or self.end(now, authority) <= end + BACKDATED:
            return CURRENT
        return f"{'ended' if end <= now else 'ends'} {end:%Y-%m-%d}"


def text(certificate: Certificate) -> str:
    """When a certificate ends, in UTC, as text."""
    return f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
